"""The command on a newer Java than the oldest that will do: Java 24 took out what Spark's Hadoop client called."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from lake_kit import SmallLake, record

#: The long-term release after those that PySpark 4.0 names (17 and 21).
NEWER = 25


def test_bronze_is_loaded_on_it(tmp_path: Path) -> None:
    lake = SmallLake(tmp_path)
    lake.put("database", record(1), record(2))
    command = [sys.executable, "-m", "etl_customers.main", *lake.options(), "--layer=bronze"]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"JAVA_HOME": str(_newer_java())})
    assert done.returncode == 0, done.stderr[-2000:]
    tables = json.loads(Path(done.stdout.split()[-1]).read_text(encoding="utf-8"))["tables"]
    assert tables["bronze.customers"]["rows"] == 2


def _newer_java() -> Path:
    """Where Debian and its kin, or GitHub's runners, keep it."""
    told = [home for name, home in os.environ.items() if re.match("JAVA_HOME_[0-9]+", name)]
    for home in [*map(Path, told), *Path("/usr/lib/jvm").glob("*")]:
        release = home / "release"
        if release.exists() and re.search(rf'^JAVA_VERSION="{NEWER}\b', release.read_text(), re.MULTILINE):
            return home
    missing = f"no Java {NEWER} in /usr/lib/jvm, or named by JAVA_HOME_{NEWER}_X64"
    if os.environ.get("CI"):
        pytest.fail(missing)
    pytest.skip(f"NOT CHECKED: {missing}")
