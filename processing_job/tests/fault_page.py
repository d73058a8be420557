"""The fault suite's table: what each case must lead to, what was seen, and the page that the tests write of it."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "faults.md"

SAME = "the same tables"
#: Case -> what is expected of it.
CASES = {
    "one run over all batches": "the reference: each row has one fate, every purchase is counted in gold",
    "a second run": "no table gets a new version",
    "batches in reverse order, two a run": SAME,
    "every batch delivered twice, under another key": f"{SAME}; every second row is a duplicate or quarantined",
    "kill -9 of the job at random moments, then a run": SAME,
    "killed between the log's directory and its first commit": SAME,
    "checkpoints deleted, then a run": f"{SAME}; nothing is read twice into bronze",
    "checkpoints deleted together with new batches": SAME,
    "two jobs at once, first load": f"{SAME}; who loses ends with 75 and nothing half done",
    "two jobs at once, new batches, tables as if large": f"{SAME}; who loses ends with 75 and nothing half done",
    "one unreadable line among 5,000": "one row in quarantine as CORRUPT_RECORD, 4,999 in silver",
    "2,000 files of one row": "a version of bronze for each 1,000 files, all rows in silver",
    "garbage in _last_checkpoint": SAME,
    "no room for bronze, then room": f"exit code 74, no half write; then {SAME}",
    "no room for silver, then room": f"exit code 74, no half write; then {SAME}",
    "no room for gold, then room": f"exit code 74, no half write; then {SAME}",
    "silver read-only, then writable": f"exit code 74; then {SAME}",
    "another token key, under the same id and under another": "exit code 78, no table gets a new version",
    "NUL bytes in texts, a record of 100,000 unknown fields": "all rows in bronze, each with one fate in silver",
}

#: Cases of the same list that other tests hold, with the function that does.
ELSEWHERE = {
    "late update older than the stored row; two rows of one key; contradicting content at the same time": (
        "processing_job/tests/test_silver.py",
        "test_any_order_of_arrival_ends_in_the_same_silver",
    ),
    "truncated line, unknown field, wrong type, missing column, nested object": (
        "processing_job/tests/test_bronze.py",
        "test_odd_rows_all_reach_bronze",
    ),
    "a source that cannot be read": (
        "processing_job/tests/test_bronze.py",
        "test_a_source_that_fails_does_not_keep_the_others_out",
    ),
    "RESTORE of silver": (
        "processing_job/tests/test_silver.py",
        "test_a_bronze_that_was_made_anew_and_a_silver_that_was_restored_are_read_again",
    ),
    "a change feed that VACUUM has cut": (
        "processing_job/tests/test_groups.py",
        "test_a_change_feed_that_vacuum_has_cut_is_no_end",
    ),
    "gold kept up by changes against gold from nothing, sums against silver": (
        "processing_job/tests/test_history.py",
        "test_tables_kept_up_by_changes_equal_a_full_rebuild",
    ),
    "no clear value past bronze, in files, logs, history and reports": (
        "processing_job/tests/test_leak_scan.py",
        "test_a_leak_in_any_text_is_found_where_it_is",
    ),
    "the same odd files through both raw readers, a field of 50 MB among them": (
        "processing_job/tests/test_bronze_parity.py",
        "test_both_readers_make_the_rows_that_are_wanted",
    ),
    "wrong or missing mandatory values, a day in the future, 31 February, an unknown store": (
        "processing_job/tests/test_silver.py",
        "test_each_fault_is_quarantined_with_its_reason_and_masked",
    ),
    "a crash after silver's commit and before the run's figures are recorded": (
        "processing_job/tests/test_quality_gate.py",
        "test_figures_are_recorded_once_and_survive_a_crash_before_the_gate",
    ),
    "UTF-8 with a mark, Latin-1, UTF-16, bytes of no encoding": (
        "microservices/csv/tests/test_csv_text.py",
        "test_each_encoding_ends_as_the_same_utf_8",
    ),
    "no token key": ("processing_job/tests/test_token_key.py", "test_a_missing_key_stops_the_job"),
    "a short, repeated or well-known token key": (
        "processing_job/tests/test_token_key.py",
        "test_a_weak_key_is_refused",
    ),
    "two runs that create one checkpoint at the same moment": (
        "processing_job/tests/test_bronze.py",
        "test_two_runs_that_create_one_checkpoint_at_the_same_moment",
    ),
    "a contract that changes": (
        "processing_job/tests/test_schema_change.py",
        "test_what_breaks_rows_on_record_is_refused_before_anything_is_written",
    ),
}

_HEAD = """# What was tried to break the job

Written by `make faults` after all of these tests had passed; do not edit. What was seen was counted while it happened.

Raw batches are drawn at random over the three sources: new purchases, newer and older versions, repetitions,
contradictions and invalid rows. *The same tables* means: one hash over all rows of silver, quarantine and gold equals
that of one run over all batches. Left out are the run's id and the time of reading; where batches are spread over
several runs, also how many copies of a contradicting version quarantine keeps
([decision 1](decisions/0001-one-fate-per-row.md)).
The job is the command `etl-customers` in processes of its own wherever it is killed or meets another. Every second one
that is killed takes all tables for large ones, to which few changes are made in two commits
([decision 27](decisions/0027-few-changes-to-a-large-table.md)).
"""


_NOT_TRIED = """Not among them: faults of Azure's storage, and the erasure of a person during a run, which the platform
does not have yet. A lake with all rows of one store is in [benchmarks](../benchmarks/README.md)."""


class Seen:
    """What the tests of this session saw."""

    def __init__(self) -> None:
        self._seen: dict[str, str] = {}

    def __call__(self, case: str, what: str) -> None:
        """Record what was seen of a case."""
        assert case in CASES, case
        self._seen[case] = what

    def write_if_asked(self) -> None:
        """Write the page, if FAULTS_REPORT is set and every case was seen."""
        if os.environ.get("FAULTS_REPORT") and self._seen.keys() == CASES.keys():
            PAGE.write_text(self._page(), encoding="utf-8")

    def _page(self) -> str:
        rows = [f"| {case} | {expected} | {self._seen[case]} |" for case, expected in CASES.items()]
        others = [f"| {case} | `{path}` |" for case, (path, _) in ELSEWHERE.items()]
        return "\n".join(
            [
                _HEAD,
                *("| Case | Expected | Seen |", "|---|---|---|", *rows, ""),
                *("Held by other tests:", "", "| Case | Tests |", "|---|---|", *others, ""),
                f"{datetime.now(UTC):%Y-%m-%d}, one machine of 2 cores. {_NOT_TRIED}",
                "",
            ]
        )
