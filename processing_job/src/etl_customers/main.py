"""The command `etl-customers`: reads the settings, runs one layer or all, writes the summary, ends with a telling code.

Exit codes: 0 done; 65 rows unaccounted for; 69 a source's files could not be read; 70 unforeseen; 74 no room or no
right to write; 75 another writer was faster; 76 quality breached: gold was left as it was; 78 wrong settings, another
key than the lake's, or a contract that cannot be read or breaks tables on record.
"""

from __future__ import annotations

import argparse
import sys
import traceback
import uuid
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from pyspark.errors import PySparkException

from etl_customers.config.settings import JobSettings
from etl_customers.errors import ConfigurationInvalid, JobError, StorageFailed, WrittenMeanwhile
from etl_customers.idle import summary_if_nothing_new
from etl_customers.job import Job, Layer
from etl_customers.lineage import lineage
from etl_customers.report.kept import mark
from etl_customers.report.render import write_report
from etl_customers.summary import Summary, failed_summary, run_folder, summarise, write_summary
from etl_customers.utils import job_log
from etl_customers.utils.conflicts import CONFLICTS
from etl_customers.utils.storage_faults import storage_fault

_REPORT = "report.html"
_BESIDE_SUMMARY = Path("-")


def main(argv: list[str] | None = None) -> None:
    """Entry point of the console script and of the wheel task."""
    run_as_process(run, argv)


def run_as_process(command: Callable[[list[str]], int], argv: list[str] | None) -> None:
    """Run with `argv`, or the process's own; returns if all is well: a wheel task may take even SystemExit(0) for a
    failure."""
    code = command(sys.argv[1:] if argv is None else argv)
    if code:
        sys.exit(code)


def run(argv: list[str]) -> int:
    """Run the job; returns the exit code."""
    arguments = _parser().parse_args(argv)
    run_id, started_at = begin(arguments)
    try:
        settings = read_settings(arguments)
    except ConfigurationInvalid as error:
        return explain(error)
    try:
        summary, breach = _nothing_new(arguments, settings, run_id, started_at), None
        if summary is None:
            summary, breach = _run_layers(arguments, settings, run_id, started_at)
        code = 0 if breach is None else explain(breach)
    except Exception as error:  # the last wall; an unforeseen fault's text may quote a row, so only its kind is told
        known = _foreseen(error)
        code = explain(known) if known else log_unforeseen(error)
        summary = failed_summary(run_id, started_at, known or JobError(f"unforeseen {type(error).__name__}"))
    return put_down(partial(write_summary, summary, settings.runs_path, arguments.layer), code)


def put_down(write: Callable[[], Path], code: int) -> int:
    """Write what is told of a run and print where it is.

    Returns the exit code: `code`, unless that is 0 and there is no room or no right to write.
    """
    try:
        path = write()
    except OSError as error:
        failed = explain(StorageFailed(f"the directory of ETL_RUNS_PATH cannot be written: {error.strerror}"))
        return code or failed
    print(path)
    return code


def _foreseen(error: Exception) -> JobError | None:
    """The fault that this error stands for, with what to do about it; None if nobody thought of it."""
    if isinstance(error, JobError):
        return error
    if isinstance(error, CONFLICTS):
        return WrittenMeanwhile(f"Delta refused a commit: {type(error).__name__}")
    return storage_fault(error)


def _nothing_new(
    arguments: argparse.Namespace, settings: JobSettings, run_id: str, started_at: datetime
) -> Summary | None:
    """The summary of an idle run; None if the run must take place."""
    if arguments.layer is not Layer.ALL or arguments.accept_quality:
        return None
    return summary_if_nothing_new(settings, run_id, started_at, _report_path(arguments, settings, run_id))


def _run_layers(
    arguments: argparse.Namespace, settings: JobSettings, run_id: str, started_at: datetime
) -> tuple[Summary, JobError | None]:
    job = Job(settings, run_id, arguments.accept_quality)
    result = job.run(arguments.layer)
    summary = summarise(job, result, started_at)
    path = _report_path(arguments, settings, run_id)
    if path:
        traced = lineage(job, result)
        summary.lineage = asdict(traced)
        write_report(path, summary, result.quality.history, traced, job.contract)
        summary.report = mark(path)
    return summary, result.quality.fault()


def _report_path(arguments: argparse.Namespace, settings: JobSettings, run_id: str) -> Path | None:
    """Where to write the report; None if nobody asks for one."""
    if arguments.report != _BESIDE_SUMMARY:
        path: Path | None = arguments.report
        return path
    return run_folder(settings.runs_path, run_id, arguments.layer) / _REPORT


def begin(arguments: argparse.Namespace) -> tuple[str, datetime]:
    """The run's id, with which all log lines are marked from here on, and its start (UTC)."""
    run_id = arguments.run_id or uuid.uuid4().hex
    job_log.configure(run_id)
    return run_id, datetime.now(UTC)


def explain(error: JobError) -> int:
    """Log a fault with what to do about it; returns the exit code."""
    job_log.error("run_failed", code=error.code, message=str(error), advice=error.advice)
    return error.exit_code


def log_unforeseen(error: Exception, **fields: str) -> int:
    """Log kind and place of a fault, and never its text; returns the exit code."""
    condition = error.getCondition() if isinstance(error, PySparkException) else None
    places = [f"{Path(at.filename).name}:{at.lineno}" for at in traceback.extract_tb(error.__traceback__)]
    job_log.error("run_failed", kind=type(error).__name__, condition=condition, places=places, **fields)
    return JobError.exit_code


def read_settings(arguments: argparse.Namespace) -> JobSettings:
    """The settings from options and environment. Raises ConfigurationInvalid."""
    given = {name: getattr(arguments, name) for name in JobSettings.model_fields}
    try:
        return JobSettings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        faults = ", ".join(map(_fault, error.errors()))
        raise ConfigurationInvalid(f"settings missing or invalid: {faults}") from None


def _fault(fault: ErrorDetails) -> str:
    """The setting's name, or what the settings say of several; never a value."""
    if not fault["loc"]:
        return str(fault["ctx"]["error"])
    return f"ETL_{'.'.join(map(str, fault['loc'])).upper()}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="etl-customers", description=__doc__)
    parser.add_argument("--layer", type=Layer, choices=list(Layer), default=Layer.ALL)
    accept = "let the breaches pass with which that run was held"
    parser.add_argument("--accept-quality", metavar="RUN_ID", type=_or_none, help=accept)
    parser.add_argument(
        "--report",
        type=Path,
        nargs="?",
        const=_BESIDE_SUMMARY,
        metavar="FILE",
        help="write an HTML report to this file, or beside the summary",
    )
    add_common_options(parser)
    return parser


def add_common_options(parser: argparse.ArgumentParser) -> None:
    """The run's id, and an option for each setting."""
    parser.add_argument("--run-id", help="id of this run; a random one by default")
    for name in JobSettings.model_fields:
        parser.add_argument(f"--{name.replace('_', '-')}", help=f"or ETL_{name.upper()}")


def _or_none(text: str) -> str | None:
    """A parameter of a Databricks job cannot be left out, only be empty."""
    return text or None


if __name__ == "__main__":
    main()
