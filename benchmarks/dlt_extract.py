"""dlt's own way from a table to local JSON lines, with its default (sqlalchemy) backend. Run as a command.

Arguments: URL, table, directory. Prints the seconds that the pipeline ran, imports and set-up left out.
"""

from __future__ import annotations

import sys
import time

import dlt
from dlt.destinations import filesystem
from dlt.sources.sql_database import sql_table


def main() -> None:
    """Entry point."""
    url, table, directory = sys.argv[1:]
    url = url.replace("postgresql://", "postgresql+psycopg2://", 1)  # the driver that the service uses, too
    pipeline = dlt.pipeline("bench", destination=filesystem(f"file://{directory}/lake"), pipelines_dir=directory)
    started = time.perf_counter()
    pipeline.run(sql_table(url, table=table), loader_file_format="jsonl").raise_on_failed_jobs()
    print(time.perf_counter() - started)


if __name__ == "__main__":
    main()
