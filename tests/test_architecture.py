"""The dependency rule of the design, as `.importlinter` states it: it holds, and a breach would be seen."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SERVICES = ("kernel", "database", "api", "csv")


def lint_imports(sources: list[Path]) -> subprocess.CompletedProcess[str]:
    """Run import-linter on the packages in `sources`, whatever is installed."""
    paths = os.pathsep.join(map(str, sources))
    return subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--config", str(ROOT / ".importlinter"), "--no-cache"],
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_dependencies_point_inwards() -> None:
    linted = lint_imports([ROOT / "microservices" / name / "src" for name in SERVICES])
    assert linted.returncode == 0, linted.stdout + linted.stderr


@pytest.mark.parametrize(
    ("module", "statement", "broken"),
    [
        ("kernel/src/ingestion_kernel/domain/run.py", "import fastapi", "no framework"),
        ("kernel/src/ingestion_kernel/domain/run.py", "import azure.identity", "no framework"),
        ("kernel/src/ingestion_kernel/domain/run.py", "import ingestion_kernel.application", "inwards only"),
        ("kernel/src/ingestion_kernel/infrastructure/__init__.py", "import csv_ingestion", "knows no service"),
        ("database/src/database_ingestion/application/__init__.py", "import sqlalchemy", "no framework"),
        ("csv/src/csv_ingestion/domain/__init__.py", "import csv_ingestion.infrastructure", "inwards only"),
        ("api/src/api_ingestion/__init__.py", "import database_ingestion", "knows another"),
        (
            "api/src/api_ingestion/application/__init__.py",
            "import ingestion_kernel.infrastructure",
            "cores use only",
        ),
    ],
)
def test_a_breach_is_seen(tmp_path: Path, module: str, statement: str, broken: str) -> None:
    """Planted in a copy of the packages."""
    for name in SERVICES:
        shutil.copytree(ROOT / "microservices" / name / "src", tmp_path / name / "src")
    with (tmp_path / module).open("a", encoding="utf-8") as file:
        file.write(f"\n{statement}\n")
    linted = lint_imports([tmp_path / name / "src" for name in SERVICES])
    assert linted.returncode == 1, linted.stdout + linted.stderr
    contract = next(line for line in linted.stdout.splitlines() if broken in line)
    assert contract.endswith("BROKEN"), linted.stdout
