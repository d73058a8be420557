"""Cuts a file into blocks of whole lines, and shows blocks as a text where they need a parser."""

from __future__ import annotations

import io
from collections import deque
from typing import BinaryIO

_BLOCK_BYTES = 256 * 1024


class Blocks:
    """The rest of a UTF-8 file, as blocks that end with a line's end; to the last line one is added if it lacks it.

    Memory is a few blocks, unless a line is longer: then that line, up to `max_line`.

    Args:
        file: the bytes, placed at the beginning of a line.
        max_line: bytes after which a line is handed on in pieces; whoever parses it must refuse it.
    """

    def __init__(self, file: BinaryIO, max_line: int) -> None:
        self._file = file
        self._max_line = max_line
        self._rest = b""
        self._given_back: deque[bytes] = deque()

    def next(self) -> bytes:
        """The next block; empty at the end."""
        if self._given_back:
            return self._given_back.popleft()
        while True:
            read = self._file.read(_BLOCK_BYTES)
            data = self._rest + read
            if not read:
                self._rest = b""
                return data + b"\n" if data and not data.endswith(b"\n") else data
            # of a file that ends its lines with CR, a last one is kept back: an LF may follow
            end = data.rfind(b"\n") + 1 or data.rfind(b"\r", 0, -1) + 1
            if not end and len(data) > self._max_line:
                end = len(data)
            if end:
                self._rest = data[end:]
                return data[:end]
            self._rest = data

    def give_back(self, *blocks: bytes) -> None:
        """Put blocks before what comes next."""
        self._given_back.extendleft(block for block in reversed(blocks) if block)


class BlockText:
    """Blocks as a text for `RecordReader`, one block after the other, without a look ahead."""

    def __init__(self, blocks: Blocks) -> None:
        self._blocks = blocks
        self._text = io.StringIO()
        self._length = 0

    def readline(self, size: int) -> str:
        """At most `size` characters up to a line's end, which is kept as it is; empty at the end of the file."""
        if self.exhausted:
            # "replace" concerns a line cut in pieces alone; anything else was decoded before, strictly
            text = self._blocks.next().decode("utf-8", "replace")
            self._text, self._length = io.StringIO(text, newline=""), len(text)
        return self._text.readline(size)

    @property
    def exhausted(self) -> bool:
        """True if the next line is in the next block."""
        return self._text.tell() >= self._length

    def give_back(self) -> None:
        """Hand the rest of the block back, so that `Blocks` goes on at the next line."""
        self._blocks.give_back(self._text.read().encode())
