"""The one exception of the workflows' commands."""


class ActionFailed(Exception):
    """A command did not do its work; `what` says why, `next_step` what a person does now. Neither holds a secret."""

    def __init__(self, what: str, next_step: str) -> None:
        super().__init__(what)
        self.what = what
        self.next_step = next_step
