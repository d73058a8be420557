"""The text within a gzip or zip file, streamed, with bounds against bombs (CWE-409). One level; no name is ever used.

What a file is, its first bytes say, not its name. gzip: RFC 1952; zip: PKWARE's APPNOTE, through Python's zipfile.
"""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath
from typing import IO, BinaryIO, cast

from csv_ingestion.domain.exceptions import FileRejected
from csv_ingestion.domain.reasons import FileReason

_GZIP, _ZIP, _EMPTY_ZIP = b"\x1f\x8b", b"PK\x03\x04", b"PK\x05\x06"

#: The ratio is judged from so many unpacked bytes on: short texts of one repeated row are no bombs.
_RATIO_FROM_BYTES = 1024 * 1024

#: zipfile reads the list of members at once; this bounds it, at 46 bytes a member or more. So no more is asked of a
#: member at once either.
_LONGEST_READ = 256 * 1024

#: bzip2 and LZMA unpack further, and LZMA's dictionary takes as much memory as the file asks for.
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


class Packing(StrEnum):
    """How a file is packed; the value stands in the manifest."""

    NONE = "none"
    GZIP = "gzip"
    ZIP = "zip"


@dataclass(frozen=True, slots=True)
class UnpackLimits:
    """Bounds of what is unpacked: `size` in bytes, `ratio` of unpacked to packed bytes."""

    size: int
    ratio: float


def packing_of(file: BinaryIO) -> Packing:
    """What the first bytes say; the position is moved."""
    file.seek(0)
    start = file.read(4)
    if start.startswith(_GZIP):
        return Packing.GZIP
    return Packing.ZIP if start in (_ZIP, _EMPTY_ZIP) else Packing.NONE


def unpacked(file: BinaryIO, packed_bytes: int, packing: Packing, limits: UnpackLimits) -> BinaryIO:
    """The text within `file`, seekable to its beginning; `file` itself if it is not packed.

    Raises:
        FileRejected: now or while reading, if the archive is damaged, cut, encrypted, too large, or not one plain file.
    """
    if packing is Packing.NONE:
        return file
    opened = _open_gzip if packing is Packing.GZIP else _open_zip
    with _archive_errors():
        bounded = _Unpacking(
            lambda: opened(file), min(limits.size, max(_RATIO_FROM_BYTES, limits.ratio * packed_bytes))
        )
    return cast(BinaryIO, io.BufferedReader(bounded, 256 * 1024))


class _Unpacking(io.RawIOBase):
    """Counts what comes out of a decompressor, whatever the archive claims, and starts anew at `seek(0)`."""

    def __init__(self, start: Callable[[], IO[bytes]], max_bytes: float) -> None:
        self._start = start
        self._max_bytes = max_bytes
        self._stream = start()
        self._count = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        with _archive_errors():
            data = self._stream.read(min(len(buffer), _LONGEST_READ))
        self._count += len(data)
        if self._count > self._max_bytes:
            raise FileRejected(FileReason.ARCHIVE_TOO_LARGE)
        buffer[: len(data)] = data
        return len(data)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """To the beginning, or nowhere; a decompressor cannot skip."""
        if (offset, whence) == (0, io.SEEK_SET):
            with _archive_errors():
                self._stream = self._start()
            self._count = 0
        elif (offset, whence) != (0, io.SEEK_CUR):
            raise io.UnsupportedOperation("seek")
        return self._count

    def tell(self) -> int:
        return self._count


def _open_gzip(file: BinaryIO) -> IO[bytes]:
    file.seek(0)
    return cast(IO[bytes], gzip.GzipFile(fileobj=file, mode="rb"))


def _open_zip(file: BinaryIO) -> IO[bytes]:
    archive = zipfile.ZipFile(cast(IO[bytes], _ShortReads(file)))
    return archive.open(_only_member(archive.infolist()))


def _only_member(members: list[zipfile.ZipInfo]) -> zipfile.ZipInfo:
    if any(member.filename == "[Content_Types].xml" for member in members):
        raise FileRejected(FileReason.NOT_PLAIN_TEXT)  # an office document
    if any(not _is_safe(member.orig_filename) for member in members):
        raise FileRejected(FileReason.ARCHIVE_UNSAFE_NAME)
    files = [member for member in members if not member.is_dir()]
    if len(files) != 1 or len(members) > len(files) + len(PurePosixPath(files[0].filename).parents):
        raise FileRejected(FileReason.ARCHIVE_MEMBERS)
    if files[0].flag_bits & 0x1:
        raise FileRejected(FileReason.ARCHIVE_ENCRYPTED)
    if files[0].compress_type not in _METHODS:
        raise FileRejected(FileReason.ARCHIVE_DAMAGED)
    return files[0]


def _is_safe(name: str) -> bool:
    """Names are not used, but an archive made to climb out of a directory is not taken from anyone."""
    return not (name.startswith("/") or "\\" in name or ":" in name or "\0" in name or ".." in name.split("/"))


class _ShortReads:
    """A file that refuses to read much at once, so that no length in an archive can fill the memory."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable

    def read(self, size: int = -1) -> bytes:
        if size > _LONGEST_READ:
            raise FileRejected(FileReason.ARCHIVE_MEMBERS)
        return self._file.read(_LONGEST_READ if size < 0 else size)


@contextmanager
def _archive_errors() -> Iterator[None]:
    try:
        yield
    except (EOFError, gzip.BadGzipFile, zlib.error, zipfile.BadZipFile, NotImplementedError, ValueError):
        # ValueError: positions before the beginning; NotImplementedError: versions and methods zipfile does not know
        raise FileRejected(FileReason.ARCHIVE_DAMAGED) from None
    except RuntimeError:  # zipfile asks for a password
        raise FileRejected(FileReason.ARCHIVE_ENCRYPTED) from None
