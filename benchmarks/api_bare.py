"""What one writes by hand: an httpx loop that fetches a page while the last is written as JSON lines. Run as a command.

Arguments: URL, FILE. Prints rows and seconds, imports left out.
"""

from __future__ import annotations

import json
import sys
import time
from concurrent.futures import Future, ThreadPoolExecutor

import httpx


def main() -> None:
    """Entry point."""
    url, path = sys.argv[1:]
    rows = 0
    started = time.perf_counter()
    with httpx.Client() as client, ThreadPoolExecutor(1) as ahead, open(path, "w", encoding="utf-8") as file:
        coming: Future[httpx.Response] | None = ahead.submit(client.get, url)
        while coming is not None:
            page = json.loads(coming.result().raise_for_status().content)
            onward = page["next_cursor"]
            coming = ahead.submit(client.get, url, params={"cursor": onward}) if onward else None
            for record in page["data"]:
                file.write(json.dumps(record) + "\n")
            rows += len(page["data"])
    print(rows, time.perf_counter() - started)


if __name__ == "__main__":
    main()
