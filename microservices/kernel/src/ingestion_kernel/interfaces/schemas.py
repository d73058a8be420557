"""What callers see: the same run, over HTTP and on the command line's standard output."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from ingestion_kernel.domain.batch import Mode
from ingestion_kernel.domain.run import Run, RunError, RunStatus

#: Exit code of a run that succeeded but had to set something aside.
EXIT_WITH_REJECTS = 3

_RUN_ID = "0b0f7c1e-5a58-4b3c-9d6e-3c1c7c2f8e11"
_KEY = "00000000000000000042"


class IngestionRequest(BaseModel):
    """How much of the source to take."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"mode": "incremental"}]})

    mode: Mode = Field(default=Mode.INCREMENTAL, description="What is new since the last published batch, or all.")


class ErrorView(BaseModel):
    """Why a run failed, and what to do about it."""

    code: str = Field(examples=["SOURCE_UNAVAILABLE"], description="Stable; made for programs.")
    message: str = Field(examples=["the database does not answer"])
    advice: str = Field(examples=["Check that the source is up and reachable from here."])
    next_allowed_at: str | None = Field(default=None, description="Before this instant the source wants no call.")

    @classmethod
    def of(cls, error: RunError) -> ErrorView:
        """The view of a run's error."""
        return cls(code=error.code, message=error.message, advice=error.advice, next_allowed_at=error.next_allowed_at)


class RunView(BaseModel):
    """A run. While it works its counters grow; rows_read = rows_written + rows_rejected once it has ended."""

    run_id: str = Field(examples=[_RUN_ID])
    source: str = Field(examples=["database"])
    mode: Mode
    status: RunStatus = Field(examples=["succeeded"])
    created_at: datetime = Field(examples=["2025-03-31T12:00:00Z"])
    started_at: datetime | None = Field(default=None, examples=["2025-03-31T12:00:00Z"])
    finished_at: datetime | None = Field(default=None, examples=["2025-03-31T12:00:07Z"])
    rows_read: int = Field(examples=[100_003])
    rows_written: int = Field(examples=[100_000])
    rows_rejected: int = Field(examples=[3], description="Rows set aside as unreadable.")
    bytes: int = Field(examples=[28_400_000], description="Size of the records read.")
    inputs_rejected: int = Field(examples=[0], description="Whole inputs (files) set aside as unreadable.")
    duplicates: int = Field(examples=[0], description="Batches whose content had been published before.")
    retries: int = Field(examples=[0], description="Calls to the source or the lake that were repeated.")
    batches: list[str] = Field(examples=[[_KEY]], description="Keys of the batches published in raw.")
    error: ErrorView | None = Field(default=None, examples=[None])
    exit_code: int | None = Field(
        default=None,
        examples=[EXIT_WITH_REJECTS],
        description="Of the same run on the command line, once it has ended.",
    )

    @classmethod
    def of(cls, run: Run) -> RunView:
        """The view of a run as it stands now."""
        return cls(
            run_id=run.run_id,
            source=run.source,
            mode=run.mode,
            status=run.status,
            created_at=run.created_at,
            started_at=run.started_at,
            finished_at=run.finished_at,
            rows_read=run.rows_read,
            rows_written=run.rows_written,
            rows_rejected=run.rows_rejected,
            bytes=run.size,
            inputs_rejected=run.inputs_rejected,
            duplicates=run.duplicates,
            retries=run.retries,
            batches=list(run.batches),
            error=ErrorView.of(run.error) if run.error else None,
            exit_code=exit_code_of(run) if run.ended else None,
        )


class RunList(BaseModel):
    """Runs, the newest first. Those of an earlier process are not known; raw's manifests keep them."""

    ingestions: list[RunView]


class Liveness(BaseModel):
    """The process answers."""

    status: Literal["alive"] = "alive"


class Readiness(BaseModel):
    """Whether a run could begin now; each dependency is `ok` or the code of what is wrong with it."""

    status: Literal["ready", "unready"] = Field(examples=["ready"])
    dependencies: dict[str, str] = Field(examples=[{"source": "ok", "lake": "ok"}])


class FieldProblem(BaseModel):
    """What is wrong with one part of a request; its value is not repeated."""

    field: str = Field(examples=["body.mode"], description="Where: body, query or header, and the name in it.")
    detail: str = Field(examples=["Input should be 'incremental' or 'full'"], description="What it should be.")


class Problem(BaseModel):
    """An error (RFC 9457, application/problem+json)."""

    type: str = Field(examples=["urn:ingestion:problem:run-in-progress"])
    title: str = Field(examples=["Conflict"])
    status: int = Field(examples=[409])
    detail: str = Field(examples=["database is being ingested"])
    code: str = Field(examples=["RUN_IN_PROGRESS"])
    advice: str = Field(examples=["Poll the running ingestion, or try again when it has ended."])
    instance: Annotated[str | None, Field(description="The run that this is about, also in Location.")] = None
    running: Annotated[str | None, Field(description="Where to poll the run that is in the way.")] = None
    errors: Annotated[list[FieldProblem] | None, Field(description="What is wrong with the request.")] = None


def exit_code_of(run: Run) -> int:
    """0 if all went in, 3 if something was set aside, else the error's code (sysexits.h)."""
    if run.exit_code:
        return run.exit_code
    return EXIT_WITH_REJECTS if run.has_rejects else 0
