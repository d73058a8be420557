"""`python -m benchmarks [PART ...] [--rows N]`; the parts are in `_PARTS`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from rich.console import Console

from benchmarks.adls import measure_adls
from benchmarks.api import measure_api
from benchmarks.csv_files import measure_csv
from benchmarks.database import measure_database, measure_database_large
from benchmarks.lakehouse import measure_lakehouse, measure_lakehouse_large, measure_tutorial_large
from benchmarks.measured import BenchmarkError
from benchmarks.results import PartResult, keep, machine, show
from benchmarks.silver import measure_silver
from benchmarks.soak import measure_soak
from benchmarks.spark_start import measure_spark_start

_PARTS: dict[str, Callable[[int, Console], PartResult]] = {
    "adls": measure_adls,
    "api": measure_api,
    "csv": measure_csv,
    "database": measure_database,
    "lakehouse": measure_lakehouse,
    "silver": measure_silver,
    "spark-start": measure_spark_start,
    "soak": measure_soak,
    "database-large": measure_database_large,
    "lakehouse-large": measure_lakehouse_large,
    "tutorial-large": measure_tutorial_large,
}
#: Take many minutes, and all but soak 10 GB of disk.
_ON_REQUEST = {"database-large", "lakehouse-large", "tutorial-large", "soak"}


def main() -> int:
    """Entry point; returns 1 if something could not be measured, 0 whether or not the goals are met."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Side-by-side measurements.")
    parser.add_argument(
        "parts", nargs="*", choices=[*_PARTS, []], help="all but soak and those that end in -large if none is named"
    )
    parser.add_argument("--rows", type=int, default=1_000_000, help="of the main comparison (default: %(default)s)")
    parser.add_argument("--dry", action="store_true", help="print only; leave results.json and README.md as they are")
    arguments = parser.parse_args()
    console = Console(width=None if sys.stdout.isatty() else 140)
    for part in arguments.parts or [part for part in _PARTS if part not in _ON_REQUEST]:
        facts = machine()
        try:
            result = _PARTS[part](arguments.rows, console)
        except BenchmarkError as error:
            console.print(f"{part} could not be measured: {error}", style="red", markup=False)
            return 1
        show(result, console)
        if not arguments.dry:
            keep(result, facts)
    return 0


if __name__ == "__main__":
    sys.exit(main())
