"""Reads an answer's body within a bound on its decoded size."""

from __future__ import annotations

import zlib
from collections.abc import Iterable

from ingestion_kernel.domain.exceptions import SourceDataInvalid

#: One layer at most: stacked codings multiply.
_PLAIN, _PACKED = ("", "identity"), ("gzip", "x-gzip", "deflate")
_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS


def read_body(chunks: Iterable[bytes], coding: str, length: str, limit: int) -> bytes:
    """The decoded body.

    A bomb of 1 : 1000 is never unpacked further than the limit: the decoder is given the room that is left.

    Args:
        chunks: as received.
        coding: the Content-Encoding header.
        length: the Content-Length header.
        limit: decoded bytes.

    Raises:
        SourceDataInvalid: larger than `limit`, or not decodable.
    """
    coding = coding.strip().lower()
    if coding not in _PLAIN + _PACKED:
        raise SourceDataInvalid("the answer has a Content-Encoding other than gzip or deflate")
    if length.isdecimal() and int(length) > limit:
        raise _too_large(limit)
    parts: list[bytes] = []
    size = 0
    for chunk in chunks if coding in _PLAIN else _unpacked(chunks, limit):
        size += len(chunk)
        if size > limit:
            raise _too_large(limit)
        parts.append(chunk)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _unpacked(chunks: Iterable[bytes], limit: int) -> Iterable[bytes]:
    unpacker = zlib.decompressobj(_GZIP_OR_ZLIB)
    room = limit + 1
    try:
        for chunk in chunks:
            while chunk:
                if unpacker.eof:  # gzip allows several members in a row
                    unpacker = zlib.decompressobj(_GZIP_OR_ZLIB)
                plain = unpacker.decompress(chunk, room)
                room = max(1, room - len(plain))
                yield plain
                chunk = unpacker.unconsumed_tail or unpacker.unused_data
    except zlib.error:
        raise SourceDataInvalid("the answer's Content-Encoding cannot be decoded") from None
    if not unpacker.eof:
        raise SourceDataInvalid("the answer's Content-Encoding cannot be decoded: it ends early")


def _too_large(limit: int) -> SourceDataInvalid:
    return SourceDataInvalid(
        f"a page is larger than {limit} bytes when decoded",
        advice="Ask for smaller pages (API_SIZE_PARAM, API_PAGE_SIZE) or raise API_MAX_PAGE_BYTES.",
    )
