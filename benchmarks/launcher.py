"""Runs one command and writes what it took, as JSON, to a file: `python -I -S launcher.py RESULT STDOUT COMMAND...`

A process of its own and small on purpose: Linux counts the memory of whoever starts a process as that process's own
peak until it has loaded its program, so a big parent would be measured in its place.
"""

import json
import resource
import subprocess
import sys
import time


def main() -> None:
    """Entry point."""
    result, stdout, *command = sys.argv[1:]
    with open(stdout, "wb") as output:
        started = time.perf_counter()
        code = subprocess.call(command, stdout=output, stdin=subprocess.DEVNULL)
        seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    peak_bytes = peak if sys.platform == "darwin" else peak * 1024
    with open(result, "w", encoding="utf-8") as file:
        json.dump({"seconds": seconds, "peak_bytes": peak_bytes, "code": code}, file)


if __name__ == "__main__":
    main()
