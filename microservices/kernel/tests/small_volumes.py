"""A disk that is soon full, and a user without root's rights."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

NOBODY = 65_534


@dataclass
class SmallVolume:
    """Takes about one megabyte until it is enlarged."""

    root: Path
    enlarge: Callable[[], None]


@contextmanager
def small_tmpfs(folder: Path, size: str = "1m") -> Iterator[SmallVolume]:
    options = ["mount", "-t", "tmpfs", "-o"]
    subprocess.run([*options, f"size={size}", "tmpfs", str(folder)], check=True)
    try:
        yield SmallVolume(
            folder, lambda: subprocess.run([*options, "remount,size=64m", str(folder)], check=True) and None
        )
    finally:  # lazily: Spark may hold a file open for a moment after its run has ended
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextmanager
def small_files(folder: Path) -> Iterator[SmallVolume]:
    """Any user may limit the size of the files that it writes; Python ignores SIGXFSZ, so the write fails."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)

    def enlarge() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, hard))
    try:
        yield SmallVolume(folder, enlarge)
    finally:
        enlarge()


def may_mount() -> bool:
    """True for root outside most containers."""
    if os.geteuid() != 0 or not shutil.which("mount"):
        return False
    with tempfile.TemporaryDirectory() as folder:
        if subprocess.run(["mount", "-t", "tmpfs", "tmpfs", folder], capture_output=True).returncode:
            return False
        subprocess.run(["umount", folder], check=True)
        return True


@contextmanager
def without_roots_rights() -> Iterator[None]:
    """Root may write everywhere; nobody may not."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
