"""Eyes on a raw lake: is all that is visible whole, and does it hold every row exactly once?

Written from the format's description (docs and manifest), without the services' own code: a reader of raw, not a twin.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ingestion_proofs.rows import Identity, identity

_STAGING = "_staging"


class Violation(AssertionError):
    """Raw is not what the commit protocol promises."""


@dataclass(frozen=True)
class Batch:
    """A published batch that was found whole; `digest` covers every byte of it."""

    name: str
    manifest: dict[str, Any]
    records: list[dict[str, Any]]
    digest: str


def batches(raw: Path, source: str) -> list[Batch]:
    """All that a reader of raw sees, in the order of keys. Raises Violation for anything that is not whole."""
    return [read_batch(folder / name) for folder in _folder(raw, source) for name in sorted(os.listdir(folder))]


def read_batch(folder: Path) -> Batch:
    """One batch. Raises Violation unless manifest and parts are all there, and agree on sizes, rows and hashes."""
    _claim(folder.name.startswith("batch="), f"{folder.name} lies among the batches")
    try:
        names = sorted(os.listdir(folder))
        files = {name: (folder / name).read_bytes() for name in names}
    except OSError as error:
        raise Violation(f"{folder.name}: {type(error).__name__}") from None
    _claim("_manifest.json" in files, f"{folder.name} is visible without a manifest: {names}")
    try:
        manifest = json.loads(files["_manifest.json"])
    except ValueError:
        raise Violation(f"{folder.name}: its manifest is torn") from None
    _claim(f"batch={manifest['key']}" == folder.name, f"{folder.name} holds the manifest of another batch")
    _claim(sorted(["_manifest.json", *(p["name"] for p in manifest["parts"])]) == names, f"{folder.name}: {names}")
    records = [record for part in manifest["parts"] for record in _part(folder.name, part, files[part["name"]])]
    _claim(len(records) == manifest["rows_written"], f"{folder.name}: rows_written is wrong")
    _claim(
        manifest["rows_read"] == manifest["rows_written"] + manifest["rows_rejected"],
        f"{folder.name}: rows_read is not rows_written + rows_rejected",
    )
    digest = hashlib.sha256(b"".join(name.encode() + b"\0" + files[name] for name in names)).hexdigest()
    return Batch(folder.name, manifest, records, digest)


def compare(found: Iterable[Batch], expected: Iterable[Identity]) -> int:
    """How many rows were compared. Raises Violation unless the batches hold exactly these rows, each once."""
    published = Counter(identity(record) for batch in found for record in batch.records)
    wanted = Counter(expected)
    _claim(max(wanted.values(), default=1) == 1, "the source itself has a row twice")
    lost, foreign = wanted - published, published - wanted
    doubled = sum(1 for row in foreign if row in wanted)
    _claim(
        not lost and not foreign, f"{lost.total()} rows lost, {doubled} doubled, {len(foreign) - doubled} never sent"
    )
    return published.total()


def unbroken(found: Iterable[Batch]) -> None:
    """Raise Violation if sequence numbers have a gap: some batch was lost after it had been seen."""
    numbers = [int(batch.manifest["key"]) for batch in found if len(batch.manifest["key"]) == 20]
    _claim(numbers == list(range(1, len(numbers) + 1)), f"sequence numbers {numbers}")


def staged(raw: Path, source: str) -> list[Path]:
    """What lies in the source's staging."""
    folder = raw / _STAGING / source
    return sorted(folder.iterdir()) if folder.is_dir() else []


def age_staging(raw: Path, seconds: float) -> int:
    """Make all that is staged look so much older; returns how many directories there are."""
    then = time.time() - seconds
    for folder in (raw / _STAGING).glob("*/*"):
        for path in (*folder.rglob("*"), folder):
            os.utime(path, (then, then))
    return len(list((raw / _STAGING).glob("*/*")))


@dataclass
class Watch:
    """What a reader saw who looked at raw all the time: each batch whole when it appeared, unchanged ever after."""

    raw: Path
    source: str
    looks: int = 0

    def __post_init__(self) -> None:
        self.seen: dict[str, str] = {}
        self.violation: Violation | None = None

    def look(self) -> None:
        """Read what is new."""
        for folder in _folder(self.raw, self.source):
            for name in sorted(set(os.listdir(folder)) - set(self.seen)):
                self.seen[name] = read_batch(folder / name).digest
        self.looks += 1

    def take_looks(self) -> int:
        """How often raw was looked at since this was last asked."""
        looks, self.looks = self.looks, 0
        return looks

    def settle(self) -> list[Batch]:
        """Read everything once more and compare with what was seen."""
        if self.violation:
            raise self.violation
        found = batches(self.raw, self.source)
        now = {batch.name: batch.digest for batch in found}
        _claim(self.seen.items() <= now.items(), "a published batch changed or vanished")
        self.seen = now
        return found


@contextmanager
def watching(watch: Watch) -> Iterator[Watch]:
    """Look at raw in a thread for as long as the context is open; `watch.settle` tells what was wrong."""
    stop = threading.Event()

    def run() -> None:
        while not stop.wait(0.002):
            try:
                watch.look()
            except Violation as violation:
                watch.violation = violation
                return

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield watch
    finally:
        stop.set()
        thread.join()


def _folder(raw: Path, source: str) -> list[Path]:
    folder = raw / source / "customers"
    return [folder] if folder.is_dir() else []


def _part(batch: str, part: dict[str, Any], data: bytes) -> list[dict[str, Any]]:
    _claim(len(data) == part["size"], f"{batch}: {part['name']} has {len(data)} bytes, declared are {part['size']}")
    _claim(hashlib.sha256(data).hexdigest() == part["sha256"], f"{batch}: the hash of {part['name']} is wrong")
    text = data.decode("utf-8")
    if part["name"].endswith(".csv"):
        records: list[dict[str, Any]] = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
    else:
        records = [json.loads(line) for line in text.split("\n") if line]
    _claim(len(records) == part["rows"], f"{batch}: {part['name']} has {len(records)} rows, declared {part['rows']}")
    return records


def _claim(holds: bool, otherwise: str) -> None:
    if not holds:
        raise Violation(otherwise)
