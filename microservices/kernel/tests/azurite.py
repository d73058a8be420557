"""Azurite, Microsoft's emulator of the Blob half, from npm into pytest's cache."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kernel_fakes import wait_for

VERSION = "3.37.0"
_LISTENS = re.compile(r"successfully listen(?:s|ing) (?:at|on) (http://\S+)")


class AzuriteMissing(Exception):
    """It cannot be had here; the text says why."""


def install(folder: Path) -> Path:
    """Its program for node, installed into `folder` unless it is there. Raises AzuriteMissing."""
    if not (shutil.which("npm") and shutil.which("node")):
        raise AzuriteMissing("npm or node is not installed")
    package = folder / "node_modules" / "azurite"
    described = package / "package.json"
    if not described.exists() or json.loads(described.read_text())["version"] != VERSION:
        options = ["--prefix", str(folder), "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]
        done = subprocess.run(["npm", "install", *options, f"azurite@{VERSION}"], capture_output=True, text=True)
        if done.returncode:
            raise AzuriteMissing(f"npm install ended with {done.returncode}: {done.stderr[-500:]}")
    return package / "dist" / "src" / "blob" / "main.js"


@contextmanager
def running_azurite(program: Path, work: Path, account: str, key: str) -> Iterator[str]:
    """The Blob service with one account on a free port; its account's URL."""
    log = work / "azurite.log"
    options = ["--blobPort", "0", "--location", str(work), "--skipApiVersionCheck", "--disableTelemetry", "--silent"]
    with log.open("w") as output:
        process = subprocess.Popen(
            ["node", str(program), *options],
            env={**os.environ, "AZURITE_ACCOUNTS": f"{account}:{key}"},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_for(lambda: bool(_LISTENS.search(log.read_text())) or process.poll() is not None, seconds=60)
        found = _LISTENS.search(log.read_text())
        assert found, log.read_text()[-2000:]
        yield f"{found[1].rstrip('/')}/{account}"
    finally:
        process.terminate()
        process.wait(timeout=30)
