"""The command `etl-customers-maintain`: keeps up the lake's tables and reports on their files before and after.

Takes the settings of `etl-customers`; several runs, or a run of the job meanwhile, do no harm. Prints the path of its
report, `<runs>/<run id>/maintenance.json`, as the last line on stdout. Exit codes: 0 done, also if VACUUM waits for a
table that has yet to take changes; 70 a table failed; 74 no room or no right to write; 75 another writer was faster at
a table, the others are done; 78 wrong settings or contract.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from etl_customers.config.settings import JobSettings
from etl_customers.errors import ConfigurationInvalid, JobError, StorageFailed, WrittenMeanwhile
from etl_customers.job import Job
from etl_customers.main import (
    add_common_options,
    begin,
    explain,
    log_unforeseen,
    put_down,
    read_settings,
    run_as_process,
)
from etl_customers.maintenance.files import MIN_RETENTION_HOURS, SMALL_FILE_BYTES
from etl_customers.maintenance.tables import KeptTable, kept_tables
from etl_customers.maintenance.upkeep import Status, Upkeep, keep_up
from etl_customers.utils import job_log
from etl_customers.utils.conflicts import CONFLICTS
from etl_customers.utils.storage_faults import storage_fault


def main(argv: list[str] | None = None) -> None:
    """Entry point of the console script and of the wheel task."""
    run_as_process(run, argv)


def run(argv: list[str]) -> int:
    """Keep up every table; returns the exit code."""
    arguments = _parser().parse_args(argv)
    run_id, started_at = begin(arguments)
    try:
        _check_retention(arguments.retention_hours)
        settings = read_settings(arguments)
        tables = kept_tables(Job(settings, run_id))
    except JobError as error:
        return explain(error)
    except Exception as error:  # before any table was touched; its text may quote a row
        return log_unforeseen(error)
    done = keep_up_all(tables, arguments.retention_hours, arguments.dry_run)
    return put_down(partial(_write, done, settings, run_id, started_at), exit_code(done))


def keep_up_all(tables: list[KeptTable], retention_hours: int | None = None, dry_run: bool = False) -> list[Upkeep]:
    """Every table, whatever becomes of the others."""
    return [_keep_up(kept, retention_hours, dry_run) for kept in tables]


def _keep_up(kept: KeptTable, retention_hours: int | None, dry_run: bool) -> Upkeep:
    done = Upkeep(kept.table.name)
    try:
        keep_up(kept, done, retention_hours, dry_run)
    except CONFLICTS as error:
        done.status, done.fault = Status.CONFLICT, type(error).__name__
        job_log.warning("maintenance_conflict", table=done.table, kind=done.fault)
    except Exception as error:  # the last wall of this table
        done.status, done.fault = Status.STORAGE if storage_fault(error) else Status.FAILED, type(error).__name__
        log_unforeseen(error, table=done.table)
    else:
        job_log.info("maintained", table=done.table, status=done.status, optimized=done.optimized, vacuum=done.vacuum)
    return done


def exit_code(done: list[Upkeep]) -> int:
    """A failure outweighs a fault of the storage, and that a conflict."""
    names: dict[Status, list[str]] = defaultdict(list)
    for upkeep in done:
        names[upkeep.status].append(upkeep.table)
    if names[Status.FAILED]:
        return JobError.exit_code
    if names[Status.STORAGE]:
        return explain(StorageFailed(f"no room, or no right to write, at {', '.join(names[Status.STORAGE])}"))
    if names[Status.CONFLICT]:
        return explain(WrittenMeanwhile(f"another writer was faster at {', '.join(names[Status.CONFLICT])}"))
    return 0


def _write(done: list[Upkeep], settings: JobSettings, run_id: str, started_at: datetime) -> Path:
    report = {
        "run_id": run_id,
        "started_at": started_at.isoformat(),
        "finished_at": datetime.now(UTC).isoformat(),
        "small_file_bytes": SMALL_FILE_BYTES,
        "tables": [asdict(upkeep) for upkeep in done],
    }
    path = settings.runs_path / run_id / "maintenance.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(report, indent=1), encoding="utf-8")
    return path


def _check_retention(hours: int | None) -> None:
    if hours is not None and hours < MIN_RETENTION_HOURS:
        raise ConfigurationInvalid(
            f"--retention-hours {hours} is below {MIN_RETENTION_HOURS}: VACUUM would take files from readers and "
            "writers at work, and from a rollback"
        )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="etl-customers-maintain", description=__doc__)
    parser.add_argument("--dry-run", action="store_true", help="measure and tell, change nothing")
    parser.add_argument(
        "--retention-hours",
        type=int,
        metavar="HOURS",
        help=f"how long VACUUM keeps files of former versions, {MIN_RETENTION_HOURS} or more; becomes each table's "
        f"property; by default as each table says, {MIN_RETENTION_HOURS} if it says nothing",
    )
    add_common_options(parser)
    return parser


if __name__ == "__main__":
    main()
