"""Commands around the repository, and what people are told; see commands.py."""

from __future__ import annotations

import os
from argparse import Namespace

from cdp_actions import summary
from cdp_actions.errors import ActionFailed
from cdp_actions.github_files import add_summary


def check_approval(given: Namespace) -> None:
    """Will anybody be asked?"""
    from cdp_actions import preflight

    preflight.check_approval(given.environment)


def check_token(given: Namespace) -> None:
    """Check GitHub Token."""
    from cdp_actions import github_token

    github_token.check()


def find_changes(given: Namespace) -> None:
    """What changed since the last deployment; where it was started by hand, all of it is wanted."""
    from cdp_actions import changes

    pushed = os.environ.get("GITHUB_EVENT_NAME") == "push"
    changes.find(changes.deployed() if pushed else "", os.environ["GITHUB_SHA"])


def choose(given: Namespace) -> None:
    """The services that SERVICES (JSON) or SERVICE names."""
    from cdp_actions import changes

    changes.choose(os.environ.get("SERVICES", ""), os.environ.get("SERVICE", ""))


def comment(given: Namespace) -> None:
    """The plans of this job under PULL_REQUEST."""
    from cdp_actions import conversation

    text = summary.comment_text(given.title, given.environment)
    conversation.comment(os.environ["PULL_REQUEST"], f"{given.title} {given.environment}", text)


def drift(given: Namespace) -> None:
    """Tell of it in an issue and fail, where the plans of this job would change something."""
    from cdp_actions import conversation, notes

    changed = [note for kind, note in notes.found() if kind == "plan" and note["counts"]]
    text = summary.comment_text("Drift", given.environment) if changed else ""
    conversation.tell_drift(given.environment, text)
    if changed:
        raise ActionFailed(
            f"{given.environment} is not what main says",
            "Somebody changed it by hand, or main was not applied. Run `infrastructure` to bring it back, or put the "
            "change into the code first.",
        )


def tell_unreviewed(given: Namespace) -> None:
    """Say loudly that new dependencies were not reviewed: the check is green without."""
    told = "New dependencies were NOT reviewed: GitHub does so in a private repository only with GitHub Code Security."
    advice = "If you have that, set the repository's variable CODE_SECURITY to true. Else look at Dependabot's alerts."
    print(f"::warning title=Dependencies::{told} {advice}")
    add_summary(f"# Dependencies: not reviewed\n\n{told}\n\n{advice}")


def publish(given: Namespace) -> None:
    """Release what VERSION names."""
    from cdp_actions import release

    release.publish()


def write_summary(given: Namespace) -> None:
    """The job's summary."""
    summary.write(given.title, given.environment, given.costs)


def overview(given: Namespace) -> None:
    """Status of all parts."""
    summary.write_overview(given.environment)
