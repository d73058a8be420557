"""dlt's own way from a table to local files. Run as a command.

Arguments: URL, table, directory, backend (sqlalchemy, connectorx, or connectorx-stream: batches instead of the whole
table in memory), file format (jsonl or parquet). Prints the seconds that the pipeline ran, imports and set-up left out.
"""

from __future__ import annotations

import sys
import time
from typing import Any

import dlt
from dlt.destinations import filesystem
from dlt.sources.sql_database import sql_table
from sqlalchemy import make_url


def main() -> None:
    """Entry point."""
    arguments: list[Any] = sys.argv[1:]  # dlt wants literals of the last two
    url, table, directory, backend, file_format = arguments
    backend, _, streamed = backend.partition("-")
    options = {"conn": _for_connectorx(url)} if backend == "connectorx" else {}
    if streamed:
        options["return_type"] = "arrow_stream"
    url = url.replace("postgresql://", "postgresql+psycopg2://", 1)  # the driver that the service uses, too
    lake = filesystem(f"file://{directory}/lake")
    pipeline = dlt.pipeline("bench", destination=lake, dataset_name="bench", pipelines_dir=directory)
    source = sql_table(url, table=table, backend=backend, backend_kwargs=options)
    started = time.perf_counter()
    pipeline.run(source, loader_file_format=file_format).raise_on_failed_jobs()
    print(time.perf_counter() - started)


def _for_connectorx(url: str) -> str:
    """It wants a host, even where a socket is given beside it."""
    parsed = make_url(url)
    return parsed.set(host=parsed.host or "localhost", password=None).render_as_string(hide_password=False)


if __name__ == "__main__":
    main()
