"""Raw lakes of any size, as the three services would have left them: the demo's rows, clean and dirty."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from customer_contract import load_contract
from demo.people import with_cpf_check_digits
from demo.rendering import format_cpf
from demo.shares import SourceName
from etl_customers.modules.bronze.raw_batches import EXTRA_FIELD
from ingestion_kernel.domain.batch import BatchKey, Part, RawFormat
from ingestion_kernel.domain.manifest import MANIFEST_FILE, Manifest

from benchmarks.sample_rows import source_rows

Row = list[str | None]
#: Made once in Python; larger lakes repeat them under other purchase_ids, for other people.
_SYNTHETIC_ROWS = 250_000
#: From a person to the one in the next copy, in the nine digits of the CPF that are free.
_NEXT_PERSON = 1_234_567
_NOT_DIGITS = str.maketrans("", "", ".- ")
#: The database service's batches are as large by default.
_BATCH_ROWS = 1_000_000
_DAY = re.compile("202[0-9]-[01][0-9]-[0-3][0-9]")


@dataclass(frozen=True)
class Shape:
    """What is special about a lake; `one_store`: all its rows are of one store."""

    one_store: bool = False


class RawMaker:
    """Makes raw lakes of one sample of rows."""

    def __init__(self, rows: int) -> None:
        contract = load_contract()
        self._contract = contract
        self._names = list(contract.column_names)
        self._at = {name: position for position, name in enumerate(self._names)}
        #: By raw lake, how many rows of the database it was made of.
        self._made: dict[Path, int] = {}
        self._sample: dict[str, list[Row]] = {source.value: [] for source in SourceName}
        for source, row in source_rows(min(rows, _SYNTHETIC_ROWS)):
            self._sample[source].append(row)

    def make(self, raw: Path, rows: int, shape: Shape = Shape()) -> int:
        """A lake of about `rows` rows in `raw`; returns how many."""
        size = sum(map(len, self._sample.values()))
        written = 0
        for source, sample in self._sample.items():
            wanted = rows * len(sample) // size
            if source == SourceName.DATABASE.value:
                self._made[raw] = wanted
            every = islice(self._copies(sample, shape), wanted)
            number = 0
            while batch := list(islice(every, _BATCH_ROWS)):
                number += 1
                self._publish(raw, source, number, batch)
                written += len(batch)
        return written

    def add_changes(self, raw: Path, rows: int) -> int:
        """One more batch of the database, as a day brings it: half of its rows are newer versions of the newest
        purchases that a lake of `make` holds, half new purchases of the same days.
        """
        source = SourceName.DATABASE.value
        folder = raw / source / self._contract.name
        number = len(list(folder.glob("batch=*"))) + 1
        copies = max(1, self._made[raw] // len(self._sample[source]))
        newest = self._newest(rows // 2 // copies)
        old = [self._changed(row, number) for copy in range(copies) for row in self._copy(newest, copy)]
        new = [self._renamed(row, f"new{number}") for copy in range(copies) for row in self._copy(newest, copy)]
        self._publish(raw, source, number, old + new)
        return len(old + new)

    def _newest(self, count: int) -> list[Row]:
        """Rows of the database's sample with a purchase_id, by the latest days."""
        day, key = self._at["purchase_date"], self._at["purchase_id"]
        dated = [row for row in self._sample[SourceName.DATABASE.value] if row[key] and _DAY.fullmatch(row[day] or "")]
        return sorted(dated, key=lambda row: str(row[day]), reverse=True)[:count]

    def _copies(self, sample: Sequence[Row], shape: Shape) -> Iterator[Row]:
        copy = 0
        while True:
            for made in self._copy(sample, copy):
                yield self._moved(made) if shape.one_store else made
            copy += 1

    def _copy(self, rows: Iterable[Row], copy: int) -> Iterator[Row]:
        for row in rows:
            yield row if copy == 0 else self._of_another(self._renamed(row, str(copy)), copy)

    def _renamed(self, row: Row, suffix: str) -> Row:
        return self._with(row, "purchase_id", lambda text: f"{text}-{suffix}")

    def _of_another(self, row: Row, copy: int) -> Row:
        """The same purchase by somebody else, the same for each source; a CPF that is none is left as it is."""

        def other(text: str) -> str:
            digits = text.translate(_NOT_DIGITS)
            is_cpf = len(digits) == 11 and digits.isdigit() and len(set(digits)) > 1
            if not is_cpf or with_cpf_check_digits(digits[:9]) != digits:
                return text
            cpf = with_cpf_check_digits(f"{(int(digits[:9]) + copy * _NEXT_PERSON) % 10**9:09d}")
            return format_cpf(cpf) if "." in text else cpf

        return self._with(row, "cpf", other)

    def _moved(self, row: Row) -> Row:
        return self._with(row, "store_location", lambda text: self._contract.stores[0].name)

    def _changed(self, row: Row, number: int) -> Row:
        """Its version of the batch of that number: later than any before."""
        made = list(row)
        made[self._at["updated_at"]] = f"2026-11-01T{number // 60:02d}:{number % 60:02d}:00Z"
        return self._with(made, "product", lambda text: f"{text} {number}")

    def _with(self, row: Row, column: str, change: Callable[[str], str]) -> Row:
        position, made = self._at[column], list(row)
        text = made[position]
        made[position] = None if text is None else change(text)
        return made

    def _publish(self, raw: Path, source: str, number: int, rows: Iterable[Row]) -> None:
        kind = RawFormat.CSV if source == SourceName.CSV.value else RawFormat.JSON_LINES
        key = BatchKey.sequence(number)
        folder = raw / source / self._contract.name / f"batch={key.text}"
        folder.mkdir(parents=True)
        part = self._write(folder / f"part-00000.{kind.value}", kind, rows)
        now = datetime.now(UTC).isoformat()
        sizes = {"rows_read": part.rows, "rows_written": part.rows, "rows_rejected": 0, "size": part.size}
        who = {"run_id": "bench", "source": source, "entity": self._contract.name, "key": key.text}
        versions = {"contract_version": self._contract.version, "tool_version": "bench", "format": kind}
        manifest = Manifest(**who, **versions, **sizes, parts=(part,), started_at=now, finished_at=now)  # type: ignore
        (folder / MANIFEST_FILE).write_text(json.dumps(manifest.to_dict()), encoding="utf-8")

    def _write(self, path: Path, kind: RawFormat, rows: Iterable[Row]) -> Part:
        count, digest = 0, hashlib.sha256()
        with path.open("wb") as file:
            for lines in self._encoded(kind, rows):
                digest.update(lines)
                file.write(lines)
                count += lines.count(b"\n")
        header = 1 if kind is RawFormat.CSV else 0
        return Part(path.name, count - header, path.stat().st_size, digest.hexdigest())

    def _encoded(self, kind: RawFormat, rows: Iterable[Row]) -> Iterator[bytes]:
        if kind is RawFormat.CSV:
            text = io.StringIO()
            writer = csv.writer(text, lineterminator="\n")
            writer.writerow([*self._names, EXTRA_FIELD])
            writer.writerows([*row, None] for row in rows)
            yield text.getvalue().encode()
            return
        for row in rows:
            yield (json.dumps(dict(zip(self._names, row)), ensure_ascii=False) + "\n").encode()
