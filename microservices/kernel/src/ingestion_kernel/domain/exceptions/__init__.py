"""Every fault an ingestion can end in.

Each has a stable `code`, a process exit code (sysexits.h where one fits) and `advice`: what to do next.
No text here may hold a value of a row or a secret: adapters pass names, places and numbers only.
"""


class IngestionError(Exception):
    """Root of all faults of an ingestion.

    Args:
        message: what happened, without values of rows or secrets.
        advice: what to do next; the class's own advice by default.
    """

    code = "INGESTION_FAILED"
    exit_code = 70
    advice = "Look at the log lines of this run id; they carry the whole chain of causes."

    def __init__(self, message: str, *, advice: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        if advice is not None:
            self.advice = advice


class ConfigurationInvalid(IngestionError):
    """A setting is missing or contradicts another."""

    code = "CONFIGURATION_INVALID"
    exit_code = 78
    advice = "Correct the setting and start again; the service's README lists them all."


class SourceUnavailable(IngestionError):
    """The source did not answer, or failed after all retries."""

    code = "SOURCE_UNAVAILABLE"
    exit_code = 69
    advice = "Check that the source is up and reachable from here; the next run continues where this one stopped."


class SourceAccessDenied(IngestionError):
    """The source refused our credentials or our rights."""

    code = "SOURCE_ACCESS_DENIED"
    exit_code = 77
    advice = "Check the credentials given to this service and their rights on the source."


class SourceThrottled(IngestionError):
    """The source asks to come back later than this run may wait.

    Args:
        message: what was asked for.
        next_allowed_at: ISO 8601 instant before which the source does not want to be called.
    """

    code = "SOURCE_THROTTLED"
    exit_code = 75
    advice = "Start again after next_allowed_at."

    def __init__(self, message: str, *, next_allowed_at: str) -> None:
        super().__init__(message)
        self.next_allowed_at = next_allowed_at


class SourceDataInvalid(IngestionError):
    """What the source delivered cannot be taken as it is: wrong shape, missing mandatory column, repeated page."""

    code = "SOURCE_DATA_INVALID"
    exit_code = 65
    advice = "Compare what the source delivers with the contract; nothing of this batch was published."


class InputRejected(IngestionError):
    """One input (a file) cannot be taken and was set aside with its reason. The use case goes on with the next one."""

    code = "INPUT_REJECTED"
    exit_code = 65


class LakeUnavailable(IngestionError):
    """The raw lake cannot be read or written: unreachable, full, or access denied."""

    code = "LAKE_UNAVAILABLE"
    exit_code = 74
    advice = "Check the raw container: reachable, writable, space left. The next run repairs what is half done."


class BatchExists(IngestionError):
    """Another run published a batch under this key first. The use case handles it; users do not see it."""

    code = "BATCH_EXISTS"
    exit_code = 75


class IngestionConflict(IngestionError):
    """Other runs keep publishing ahead of this one."""

    code = "INGESTION_CONFLICT"
    exit_code = 75
    advice = "Another replica ingests the same source; let one of them do it."


class RunInProgress(IngestionError):
    """This process already ingests its source.

    Args:
        message: what is running.
        run_id: the running ingestion, to be polled.
    """

    code = "RUN_IN_PROGRESS"
    exit_code = 75
    advice = "Poll the running ingestion, or try again when it has ended."

    def __init__(self, message: str, *, run_id: str) -> None:
        super().__init__(message)
        self.run_id = run_id


class ModeNotSupported(IngestionError):
    """The source cannot be ingested in the mode asked for."""

    code = "MODE_NOT_SUPPORTED"
    exit_code = 64
    advice = "Ask for one of the modes that the service lists."


class RunInterrupted(IngestionError):
    """The process was asked to stop while it ingested, or before it could begin."""

    code = "RUN_INTERRUPTED"
    exit_code = 75
    advice = "Start the ingestion again; it continues after the last published batch."


class RunCancelled(IngestionError):
    """Somebody cancelled the run."""

    code = "RUN_CANCELLED"
    exit_code = 75
    advice = "Start an ingestion when you want one; it continues after the last published batch."


class RunEnded(IngestionError):
    """The run to be cancelled has ended already.

    Args:
        message: how it ended.
        run_id: the ended run.
    """

    code = "RUN_ENDED"
    exit_code = 64
    advice = "Nothing is left to cancel; GET the run to see how it ended."

    def __init__(self, message: str, *, run_id: str) -> None:
        super().__init__(message)
        self.run_id = run_id


class RunUnknown(IngestionError):
    """No run of that id, or one that was forgotten."""

    code = "RUN_UNKNOWN"
    exit_code = 64
    advice = "GET /v1/ingestions lists the runs that this process knows; raw's manifests keep all."


class IdempotencyKeyReused(IngestionError):
    """The key of a request has been used for a different one."""

    code = "IDEMPOTENCY_KEY_REUSED"
    exit_code = 64
    advice = "Send a new Idempotency-Key with each new request, and the same one only to repeat the same request."
