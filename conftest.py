"""Makes `demo` the package in demo/src: pytest's importlib mode would take the folder demo/ itself for it.

Also says which tests may run side by side: files may, but all of the job's share one Spark, in one process. Alone on a
machine (`make spark`) the job's tests are done sooner if each process has a Spark of its own.
"""

import os

import demo  # noqa: F401
import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

#: Of the job's tests, what runs the command in processes of its own.
_WITHOUT_SPARK = ("processing_job/tests/test_main.py",)


class OneSpark(LoadFileScheduling):  # type: ignore[misc]  # xdist's class has no types
    """A file's tests in one process, and all of the job's in the same one."""

    def _split_scope(self, nodeid: str) -> str:
        of_job = nodeid.startswith("processing_job/") and not nodeid.startswith(_WITHOUT_SPARK)
        shared = of_job and not os.environ.get("SPARK_EACH")
        return "spark" if shared else super()._split_scope(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> OneSpark:
    """In place of xdist's groups by marker, which pytest 9.2 leaves without effect."""
    return OneSpark(config, log)
