"""Port: the raw container, a commit log of immutable batches.

Layout: `<source>/<entity>/batch=<key>/{part-00000.<format>, _manifest.json}`; `_staging/` is never read.
"""

from __future__ import annotations

from typing import Protocol

from ingestion_kernel.domain.batch import BatchKey
from ingestion_kernel.domain.manifest import Manifest

STAGING = "_staging"


def batch_path(source: str, entity: str, key: BatchKey) -> str:
    """Path of a batch's directory within the raw container."""
    return f"{source}/{entity}/batch={key.text}"


class PartFile(Protocol):
    """A staged file being written."""

    def write(self, data: bytes) -> None:
        """Append bytes. Raises LakeUnavailable."""

    def close(self) -> None:
        """Make the file durable. Raises LakeUnavailable."""


class StagedBatch(Protocol):
    """A batch that no reader can see yet."""

    def open_part(self, name: str) -> PartFile:
        """A new file in the staging directory. Raises LakeUnavailable."""

    def publish(self, manifest: Manifest) -> None:
        """Write the manifest and make the whole batch visible in one atomic step that fails if the target exists.

        A lost reply is recognised: if the target holds our own manifest, that is success.

        Raises:
            BatchExists: another run has published this key.
            LakeUnavailable: the lake cannot be written, or what is staged is not what the manifest says.
        """

    def discard(self) -> None:
        """Remove the staging directory; silent if it is gone. Never raises."""


class RawLake(Protocol):
    """The raw container of one entity."""

    def newest(self, source: str) -> Manifest | None:
        """The manifest with the highest sequence number, None if there is none. Raises LakeUnavailable."""

    def find(self, source: str, key: BatchKey) -> Manifest | None:
        """The manifest of that batch, None if it is not published. Raises LakeUnavailable."""

    def stage(self, run_id: str, source: str) -> StagedBatch:
        """A new staging directory, unique to this call. Raises LakeUnavailable."""

    def sweep(self, source: str, older_than_seconds: float) -> int:
        """Remove staging directories that crashed runs of `source` left; returns how many. Raises LakeUnavailable.

        A staged batch of a process that is alive shows it, so that it is never taken for a crashed one.
        """

    def check(self) -> None:
        """Raise LakeUnavailable if the container cannot be written now."""
