"""Why a stream from raw to bronze ended early, and what is told: never Spark's own text, which may quote a row."""

from __future__ import annotations

import re
from enum import Enum, auto

from pyspark.errors import PySparkException

from etl_customers.errors import JobError, SourceFailed, StorageFailed, StreamFailed, WrittenMeanwhile
from etl_customers.modules.bronze.raw_parts import RawParts
from etl_customers.utils import job_log
from etl_customers.utils.storage_faults import storage_fault

#: In the fault of a stream that shares its checkpoint, or its table, with a stream of another run.
_OVERTAKEN = (
    "SparkConcurrentModificationException",  # both create the checkpoint at the same moment; raised without a condition
    "CONCURRENT_STREAM_LOG_UPDATE",
    # Both take new batches; told by these words alone (Spark 4.0.5): the first is that condition's text, the second has
    # no condition.
    "Multiple streaming jobs detected",
    "Multiple streaming queries are concurrently using",
    "DELTA_CONCURRENT",
    "DELTA_METADATA_CHANGED",
    "DELTA_PROTOCOL_CHANGED",
)
#: The batch of a raw part, by its path.
_BATCH = re.compile(r"/batch=([0-9A-Za-z_-]+)/part-[0-9]+")
#: The classes of exceptions, with their packages.
_CAUSE = re.compile(r"\b(?:[a-z0-9_]+\.){2,}[A-Z][A-Za-z]*(?:Exception|Error)\b")


class Fault(Enum):
    """Why a stream ended early."""

    UNREADABLE = auto()
    UNFORESEEN = auto()
    STORAGE = auto()
    OVERTAKEN = auto()


def worst(failed: dict[str, set[Fault]]) -> JobError:
    """What to tell of sources that failed, by their names."""
    faults, names = set().union(*failed.values()), ", ".join(failed)
    if Fault.UNREADABLE in faults:
        return SourceFailed(f"raw files of {names} could not be read")
    if Fault.UNFORESEEN in faults:
        return StreamFailed(f"{names} could not be loaded, and no raw file is named as the cause")
    if Fault.STORAGE in faults:
        return StorageFailed(f"the storage has no room, or gives no right, to take {names} to bronze")
    return WrittenMeanwhile(f"another run loads {names} too")


def is_overtaken(error: Exception) -> bool:
    """True if a stream of another run was faster at the checkpoint or the table."""
    return any(sign in str(error) for sign in _OVERTAKEN)


def told(parts: RawParts, error: Exception) -> Fault:
    """Log which stream failed and how."""
    text = str(error)
    batches = sorted({f"{parts.source.name}/{key}" for key in _BATCH.findall(text)})
    if is_overtaken(error):
        fault = Fault.OVERTAKEN
    elif storage_fault(error):
        fault = Fault.STORAGE
    else:
        fault = Fault.UNREADABLE if batches else Fault.UNFORESEEN
    job_log.error(
        "bronze_source_failed",
        source=parts.source.name,
        stream=parts.name,
        kind=type(error).__name__,
        condition=error.getCondition() if isinstance(error, PySparkException) else None,
        fault=fault.name.lower(),
        batches=batches,
        causes=list(dict.fromkeys(_CAUSE.findall(text))),
    )
    return fault
