"""Chooses a file's delimiter, or refuses to guess."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from csv_ingestion.application.helpers.records import RecordReader
from csv_ingestion.application.validators.header import HeaderRules
from csv_ingestion.domain.exceptions import FileRejected
from csv_ingestion.domain.reasons import FileReason

#: Parsed records, not lines, that a candidate is judged by.
_SAMPLE_RECORDS = 100


@dataclass(frozen=True, slots=True)
class Sample:
    """The beginning of a file as one delimiter cuts it.

    Attributes:
        delimiter: the candidate.
        header: the first record, empty if there is none.
        header_line: its physical line.
        even: all sampled records have as many fields as the header.
    """

    delimiter: str
    header: tuple[str, ...]
    header_line: int
    even: bool


def take_sample(reader: RecordReader, delimiter: str) -> Sample:
    """Read the first records. A fault after the header only makes the sample uneven.

    Raises:
        FileRejected: the header itself cannot be read.
    """
    records = iter(reader)
    header = tuple(next(records, ()))
    line = reader.first_line
    try:
        even = all(len(record) == len(header) for record in islice(records, _SAMPLE_RECORDS))
    except FileRejected:
        even = False
    return Sample(delimiter, header, line, even)


def choose(samples: Iterable[Sample], rules: HeaderRules) -> Sample:
    """The one sample whose header is complete; among several, the one whose rows have equal widths.

    Raises:
        FileRejected: none fits (with the columns that the best of them misses), or more than one does.
    """
    candidates = [sample for sample in samples if sample.header]
    if not candidates:
        raise FileRejected(FileReason.EMPTY_FILE)
    complete = [sample for sample in candidates if rules.complete(sample.header)]
    if not complete:
        raise _why_none(candidates, rules)
    fitting = complete if len(complete) == 1 else [sample for sample in complete if sample.even]
    if len(fitting) != 1:
        raise FileRejected(FileReason.AMBIGUOUS_DELIMITER, line=complete[0].header_line)
    return fitting[0]


def _why_none(candidates: Sequence[Sample], rules: HeaderRules) -> FileRejected:
    best = max(candidates, key=lambda sample: rules.recognised(sample.header))
    if rules.recognised(best.header):
        try:
            rules.resolve(best.header, best.header_line)
        except FileRejected as reason:
            return reason
    return FileRejected(FileReason.HEADER_NOT_RECOGNISED, line=best.header_line)
