"""Turns the disk's faults into the kernel's, without names or values."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ingestion_kernel.domain.exceptions import SourceAccessDenied, SourceUnavailable

_ADVICE = "Check that CSV_INPUT_DIR is mounted, is one file system, has space left and may be written by this user."


@contextmanager
def source_errors(doing: str) -> Iterator[None]:
    """Raise SourceAccessDenied or SourceUnavailable instead of OSError; `doing` completes "cannot ..."."""
    try:
        yield
    except PermissionError as error:
        raise SourceAccessDenied(f"cannot {doing}: {error.strerror}", advice=_ADVICE) from error
    except OSError as error:
        text = f"cannot {doing}: {error.strerror or type(error).__name__}"
        raise SourceUnavailable(text, advice=_ADVICE) from error
