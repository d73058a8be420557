"""Port: how long the steps of a run take, and within which other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from enum import StrEnum
from typing import Protocol


class Step(StrEnum):
    """The steps that are traced, from the outer to the inner."""

    RUN = "ingestion.run"
    BATCH = "ingestion.batch"
    READ = "ingestion.read"
    PUBLISH = "ingestion.publish"


class Span(Protocol):
    """One step that is being taken."""

    def note(self, **facts: str | int | None) -> None:
        """Attach facts (None is left out). Never a value of a row."""


class Tracer(Protocol):
    """Opens spans. An implementation must neither raise nor record the text of an exception."""

    def span(self, step: Step) -> AbstractContextManager[Span]:
        """A step, within the one that this thread is in."""


class NoTracer:
    """A `Tracer` that tells nobody."""

    @contextmanager
    def span(self, step: Step) -> Iterator[Span]:
        """See `Tracer`."""
        yield _NO_SPAN


class _NoSpan:
    def note(self, **facts: str | int | None) -> None: ...


_NO_SPAN = _NoSpan()
