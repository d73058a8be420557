"""Makes `demo` the package in demo/src: pytest's importlib mode would take the folder demo/ itself for it.

Also says which tests may run side by side: files may, but all of the job's share one Spark, as one worker's group.
"""

from pathlib import Path

import demo  # noqa: F401
import pytest

_ONE_SPARK = Path(__file__).parent / "processing_job"


def pytest_itemcollected(item: pytest.Item) -> None:
    """Give each test the name of its group, for `--dist loadgroup`; xdist reads it as soon as all are collected."""
    group = "spark" if _ONE_SPARK in item.path.parents else str(item.path)
    item.add_marker(pytest.mark.xdist_group(group))
