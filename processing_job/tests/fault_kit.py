"""A raw lake made once, delivered in any order to lakes that share a key; what their tables hold, as one hash; and the
command as a process to be killed.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

from history_kit import History
from lake_kit import SmallLake
from pyspark.sql import DataFrame

from etl_customers.job import Job
from etl_customers.main import run

#: `make faults` tries every variant of a case, `make test` one: each costs a minute.
EVERY_VARIANT = bool(os.environ.get("FAULT_ROUNDS"))
#: What names the run or the time of reading.
_ARRIVAL = ("_ingested_at", "_run_id")
#: Of quarantine, what no order of arrival changes; how many copies of a conflict's loser are kept, it does.
_SETTLED = ("purchase_key", "_event_at", "_errors", "cpf", "total_amount")
_OWN = ("_source", "_batch_id", "_source_file", "_row_hash")


class RawCopies:
    """Batches of random histories over all sources, and lakes that get copies of them."""

    def __init__(self, root: Path, seed: int, rounds: int = 2, size: int = 18) -> None:
        self._root = root
        self._made = SmallLake(root / "made")
        history = History(seed)
        self.batches: list[Path] = []
        for _ in range(rounds):
            rows = history.round(size)
            for source in ("database", "api", "csv"):
                mine = [{k: v for k, v in row.items() if k not in _OWN} for row in rows if row["_source"] == source]
                if mine:
                    self.batches.append(self._made.put_csv(*mine) if source == "csv" else self._made.put(source, *mine))
        self.rows = rounds * size

    def add(self, source: str, *records: dict[str, object]) -> None:
        """One more batch."""
        self.batches.append(self._made.put(source, *records))
        self.rows += len(records)

    def lake(self, name: str, batches: list[Path] | None = None) -> SmallLake:
        """A new lake under the same key, with these batches; with all by default."""
        lake = SmallLake(self._root / name)
        shutil.copy(self._made.root / "token.key", lake.root / "token.key")
        for batch in self.batches if batches is None else batches:
            self.deliver(lake, batch)
        return lake

    def deliver(self, lake: SmallLake, batch: Path, key: str | None = None) -> None:
        """Publish a copy of a batch, under another key if one is given."""
        target = lake.root / batch.relative_to(self._made.root)
        shutil.copytree(batch, target if key is None else target.with_name(f"batch={key}"))


@dataclass(frozen=True)
class Reference:
    """One run over everything that a `RawCopies` has.

    Attributes:
        lake: as the run left it.
        counts: rows by outcome, and those read.
        settled: the hash of what does not depend on how the rows were spread over runs.
        events: how many lines it logged.
    """

    lake: SmallLake
    counts: dict[str, int]
    settled: str
    events: int

    @classmethod
    def of(cls, raw: RawCopies) -> Reference:
        """Run it."""
        lake, said, told = raw.lake("reference"), io.StringIO(), io.StringIO()
        with redirect_stdout(said), redirect_stderr(told):
            assert run(lake.options()) == 0
        counts = json.loads(Path(said.getvalue().splitlines()[-1]).read_text(encoding="utf-8"))["reconciliation"]
        assert counts.pop("unaccounted") == 0
        return cls(lake, counts, content_hash(lake, settled=True), told.getvalue().count('"event": '))


def content_hash(lake: SmallLake, settled: bool = False) -> str:
    """One hash over all rows of silver, quarantine and gold, but for what names the run or the time of reading.

    `settled`: of quarantine only what does not depend on how the rows were spread over runs (decision 1).
    """
    job = lake.job()
    found = hashlib.sha256()
    for table in job.tables():
        if table is job.bronze:
            continue
        frame = table.read().drop(*_ARRIVAL)
        if settled and table is job.quarantine:
            frame = frame.select(*_SETTLED).distinct()
        for row in _rows(frame, lake):
            found.update(f"{table.name}\t{row}\n".encode())
    return found.hexdigest()


def _rows(frame: DataFrame, lake: SmallLake) -> list[str]:
    return sorted(str(row).replace(str(lake.root), "") for row in frame.collect())


def bronze_rows(job: Job) -> Counter[str]:
    """How often bronze holds each row of each raw file."""
    rows = job.bronze.read().select("_source_file", "_row_hash").collect()
    return Counter(f"{row['_source_file']} {row['_row_hash']}" for row in rows)


class JobProcess:
    """The command `etl-customers` as a process group of its own, Java included.

    `large`: it takes every table for a large one.
    """

    def __init__(self, lake: SmallLake, large: bool = False) -> None:
        program = [str(Path(__file__).with_name("large_job.py"))] if large else ["-m", "etl_customers.main"]
        command = [sys.executable, *program, *lake.options()]
        self.events: list[str] = []
        self.errors: list[str] = []
        self._process = subprocess.Popen(
            command,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ,
            start_new_session=True,
        )
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stderr
        for line in self._process.stderr:
            if line.startswith("{"):
                told = json.loads(line)
                self.events.append(told["event"])
                self.errors += [line] if told["level"] == "error" else []

    def wait(self, seconds: float = 300) -> int:
        """Wait for its end; returns the exit code."""
        code = self._process.wait(seconds)
        self._reader.join(10)
        return code

    def kill_after(self, events: int, seconds: float) -> str | None:
        """SIGKILL to all of the group, so many seconds after its so-many-th log line; None if it has ended before.

        Returns the last event that it logged.
        """
        while len(self.events) < events and self._process.poll() is None:
            time.sleep(0.02)
        time.sleep(seconds)
        if self._process.poll() is not None:
            self.wait()
            return None
        os.killpg(self._process.pid, signal.SIGKILL)
        self.wait()
        return self.events[-1] if self.events else "start"


def a_moment(rng: random.Random, events: int) -> tuple[int, float]:
    """A log line of a run that logs so many, and seconds after it."""
    return rng.randint(1, events), rng.uniform(0, 1.5)
