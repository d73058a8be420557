"""What is told of a stream that ended early, by the texts that Spark gave, and what becomes of the others."""

from __future__ import annotations

import io
from contextlib import redirect_stderr
from dataclasses import dataclass, field
from typing import Any

import pytest
from customer_contract import Contract
from py4j.protocol import Py4JError
from pyspark.errors import AnalysisException, StreamingQueryException

from etl_customers.modules.bronze.load import BronzeLoad
from etl_customers.modules.bronze.raw_parts import RawParts
from etl_customers.modules.bronze.stream_faults import Fault, told, worst
from etl_customers.utils import job_log

_BEGIN = "[STREAM_FAILED] Query [id = 1, runId = 2] terminated with exception: "
_UNREADABLE = (
    "[FAILED_READ_FILE.NO_HINT] Encountered error while reading file "
    "file:///meus%20dados/raw/csv/customers/batch=00000000000000000007/part-00000.csv. SQLSTATE: KD001"
)
_OTHER_PYTHON = (
    "Job aborted due to stage failure: org.apache.spark.api.python.PythonException: Traceback\n"
    "[PYTHON_VERSION_MISMATCH] Python in worker has different version: 3.11 than that in driver: 3.13"
)


@pytest.mark.parametrize(
    ("said", "fault", "code", "named"),
    [
        (_UNREADABLE, Fault.UNREADABLE, 69, '"batches": ["csv/00000000000000000007"]'),
        (_OTHER_PYTHON, Fault.UNFORESEEN, 70, '"causes": ["org.apache.spark.api.python.PythonException"]'),
        ("java.lang.OutOfMemoryError: Java heap space", Fault.UNFORESEEN, 70, "java.lang.OutOfMemoryError"),
        ("java.io.IOException: No space left on device", Fault.STORAGE, 74, '"batches": []'),
        ("DELTA_CONCURRENT_APPEND", Fault.OVERTAKEN, 75, '"batches": []'),
    ],
)
def test_only_a_named_raw_file_is_to_blame(contract: Contract, said: str, fault: Fault, code: int, named: str) -> None:
    source = contract.source("csv")
    parts = RawParts(source, source.raw_format)
    log = io.StringIO()
    with redirect_stderr(log):
        job_log.configure("a run")
        assert told(parts, StreamingQueryException(f"{_BEGIN}{said} 52998224725")) is fault
    error = worst({"csv": {fault}})
    assert error.exit_code == code and named in log.getvalue()
    assert "52998224725" not in log.getvalue() + str(error)


@dataclass(frozen=True)
class _Stream:
    """A query as far as the load calls it; says that it was waited for, and ends in the fault that it was given."""

    name: str
    ended: list[str]
    fault: Exception | None = None

    def awaitTermination(self) -> None:
        self.ended.append(self.name)
        if self.fault:
            raise self.fault


@dataclass(frozen=True)
class _Load(BronzeLoad):
    """Starts these streams, by their sources; one that is an exception does not start."""

    streams: dict[str, _Stream | Exception] = field(default_factory=dict)

    def _start(self, parts: RawParts) -> Any:
        stream = self.streams[parts.source.name]
        if isinstance(stream, Exception):
            raise stream
        return stream


@pytest.mark.parametrize(
    ("said", "fault"),
    [("[PATH_NOT_FOUND] 52998224725", Fault.UNFORESEEN), ("java.io.IOException: Permission denied", Fault.STORAGE)],
)
def test_a_stream_that_cannot_start_leaves_none_of_the_others_alone(
    contract: Contract, said: str, fault: Fault
) -> None:
    ended: list[str] = []
    gone = _Stream("api", ended, Py4JError("Answer from Java side is empty"))
    streams: dict[str, _Stream | Exception] = {"api": gone, "csv": AnalysisException(said)}
    streams["database"] = _Stream("database", ended)
    nothing: Any = None
    load = _Load(nothing, contract, nothing, nothing, nothing, "", "", "a run", streams)
    log = io.StringIO()
    with redirect_stderr(log):
        job_log.configure("a run")
        failed = load._load_all([RawParts(contract.source(name), contract.source(name).raw_format) for name in streams])
    assert ended == ["api", "database"], "each that has started is waited for"
    assert failed == {"api": {Fault.UNFORESEEN}, "csv": {fault}}
    assert '"kind": "AnalysisException"' in log.getvalue() and "52998224725" not in log.getvalue()
