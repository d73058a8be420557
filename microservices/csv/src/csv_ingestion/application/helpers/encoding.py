"""Finds a file's text encoding: the declared one, else byte order mark, strict UTF-8, the one fallback. No guessing."""

from __future__ import annotations

import codecs
from typing import BinaryIO

from csv_ingestion.domain.exceptions import FileRejected
from csv_ingestion.domain.reasons import FileReason

_CHUNK_BYTES = 512 * 1024

_BYTE_ORDER_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}

#: gzip, ZIP (also .xlsx and .ods), OLE2 (.xls), zstd.
_NOT_TEXT = (b"\x1f\x8b", b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"\x28\xb5\x2f\xfd")


class Utf8Watch:
    """Watches a file's bytes go by, so that one that is UTF-8 without NULs need not be read again to find that out."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("strict")
        self._start = b""
        self._clean = True

    def feed(self, chunk: bytes) -> None:
        """The next bytes. Never raises."""
        if len(self._start) < 4:
            self._start += chunk[:4]
        if not self._clean:
            return
        try:
            self._clean = b"\0" not in chunk and self._decoder.decode(chunk) is not None
        except UnicodeDecodeError:
            self._clean = False

    @property
    def encoding(self) -> str | None:
        """`utf-8` or `utf-8-sig` for plain text that is that from end to end; else None: then look closer."""
        try:
            self._decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return None
        if not self._clean or self._start.startswith(_NOT_TEXT):
            return None
        return "utf-8-sig" if self._start.startswith(codecs.BOM_UTF8) else "utf-8"


def detect_encoding(file: BinaryIO, declared: str, fallback: str) -> str:
    """The name of the codec that decodes the whole file, which is read once or twice in bounded memory.

    Args:
        file: the bytes; its position is moved.
        declared: the only codec to try; empty to find out. A byte order mark of UTF-8 may stand before UTF-8.
        fallback: codec to try when there is no byte order mark and the bytes are not UTF-8; empty for none.

    Raises:
        FileRejected: a NUL, an archive or spreadsheet, or bytes that no allowed codec decodes.
    """
    file.seek(0)
    start = file.read(4)
    if start.startswith(_NOT_TEXT):
        raise FileRejected(FileReason.NOT_PLAIN_TEXT)
    line = 1
    for name in _candidates(start, declared, fallback):
        failed_at = _first_undecodable_line(file, name)
        if failed_at is None:
            return name
        line = failed_at
    raise FileRejected(FileReason.UNKNOWN_ENCODING, line=line)


def _candidates(start: bytes, declared: str, fallback: str) -> list[str]:
    marked = next((name for mark, name in _BYTE_ORDER_MARKS.items() if start.startswith(mark)), None)
    if declared:
        return ["utf-8-sig" if marked == "utf-8-sig" and codecs.lookup(declared).name == "utf-8" else declared]
    return [marked] if marked else ["utf-8", *filter(None, [fallback])]


def _first_undecodable_line(file: BinaryIO, name: str) -> int | None:
    decoder = codecs.getincrementaldecoder(name)("strict")
    file.seek(0)
    lines = 0
    while True:
        chunk = file.read(_CHUNK_BYTES)
        try:
            text = decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            return lines + error.object[: error.start].count(b"\n") + 1
        # A NUL is text to every codec, but never to a CSV file: zeroed disk blocks, or UTF-16 without its mark.
        nul = text.find("\0")
        if nul >= 0:
            raise FileRejected(FileReason.NUL_BYTE, line=lines + text.count("\n", 0, nul) + 1)
        lines += text.count("\n")
        if not chunk:
            return None
