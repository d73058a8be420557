"""Makes `demo` the package in demo/src: pytest's importlib mode would take the folder demo/ itself for it.

Also says which tests may run side by side: files may, but the job's share two Sparks, of which one serves the longest
line of tests of all, and the other what whoever runs the rest can take as well. Alone on a machine (`make spark`) the
job's tests are done sooner if each process has a Spark of its own.
"""

import os

import demo  # noqa: F401
import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

_JOB = "processing_job/tests/test_"
#: Of the job's tests, what runs the command in processes of its own.
_WITHOUT_SPARK = (f"{_JOB}main.py",)
#: About an eighth of the others, by time: so much that two processes end together.
_SECOND_SPARK = (f"{_JOB}gold.py", f"{_JOB}history.py")


class TwoSparks(LoadFileScheduling):  # type: ignore[misc]  # xdist's class has no types
    """A file's tests in one process, and the job's in one of two."""

    def _split_scope(self, nodeid: str) -> str:
        of_job = nodeid.startswith("processing_job/") and not nodeid.startswith(_WITHOUT_SPARK)
        if of_job and not os.environ.get("SPARK_EACH"):
            return "second spark" if nodeid.startswith(_SECOND_SPARK) else "spark"
        return str(super()._split_scope(nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> TwoSparks:
    """In place of xdist's groups by marker, which pytest 9.2 leaves without effect."""
    return TwoSparks(config, log)
