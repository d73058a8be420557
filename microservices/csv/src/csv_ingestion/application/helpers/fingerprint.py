"""Reads a file once for all that must be known of its bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import BinaryIO

_CHUNK_BYTES = 512 * 1024


def fingerprint(file: BinaryIO, watch: Callable[[bytes], None]) -> str:
    """sha256 of the rest of `file`, in hex; `watch` sees every chunk."""
    digest = hashlib.sha256()
    while chunk := file.read(_CHUNK_BYTES):
        digest.update(chunk)
        watch(chunk)
    return digest.hexdigest()
