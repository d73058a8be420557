"""Port: what an ingestion tells the people who run it. Never a value of a row."""

from typing import Protocol

from ingestion_kernel.domain.manifest import Manifest
from ingestion_kernel.domain.run import Run


class Telemetry(Protocol):
    """Receives the events of runs."""

    def run_started(self, run: Run) -> None:
        """A run began."""

    def batch_published(self, run: Run, manifest: Manifest) -> None:
        """A batch became visible in raw."""

    def batch_skipped(self, run: Run, key: str) -> None:
        """The same content had been published before."""

    def conflict(self, run: Run, key: str) -> None:
        """Another run published this key first; this one plans again."""

    def run_ended(self, run: Run, error: BaseException | None) -> None:
        """A run ended, with what it failed of."""
