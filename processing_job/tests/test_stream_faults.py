"""What is told of a stream that ended early, by the texts that Spark gave."""

from __future__ import annotations

import io
from contextlib import redirect_stderr

import pytest
from customer_contract import Contract
from pyspark.errors import StreamingQueryException

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
