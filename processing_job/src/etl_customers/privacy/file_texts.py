"""Decodes any file of the lake into texts that can be searched, in bounded memory.

Parquet is read by row group and column, nested columns too, and its footer as bytes; gzip is unpacked; everything
else is read as text (UTF-8 or UTF-16 by its mark), bytes that are no text as Latin-1, so that no file is passed over.
"""

from __future__ import annotations

import codecs
import gzip
import html
import io
import math
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

#: Names the text of a file that has no columns.
WHOLE = ""
FOOTER = "(footer)"
#: Characters read at once; a text is cut only where no value can be cut with it.
BLOCK = 4 * 1024 * 1024

_GZIP = b"\x1f\x8b"
_PARQUET = b"PAR1"
_ROWS = 65_536
#: Numbers below this have fewer digits than the shortest value searched for.
_SMALLEST_NUMBER = 10_000_000
_UNICODE_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")
_OVERLAP = 512


def texts_of(path: Path) -> Iterator[tuple[str, str]]:
    """(column, text) of everything in the file at `path`; the column is WHOLE if the file has none."""
    with path.open("rb") as file:
        yield from _decode(file)


def spellings_of(text: str) -> Iterator[str]:
    """`text`, and `text` with the escapes of JSON, HTML and URLs undone where it has any."""
    yield text
    if "\\u" in text:
        yield _UNICODE_ESCAPE.sub(lambda match: chr(int(match[1], 16)), text)
    if "&" in text:
        yield html.unescape(text)
    if "%" in text:
        yield unquote(text)


def _decode(file: IO[bytes]) -> Iterator[tuple[str, str]]:
    start = file.read(4)
    file.seek(0)
    if start.startswith(_GZIP):
        with tempfile.TemporaryFile() as unpacked:  # on disk: a bomb must not end in memory
            with gzip.open(file) as packed:
                shutil.copyfileobj(packed, unpacked)
            unpacked.seek(0)
            yield from _decode(unpacked)
    elif start == _PARQUET:
        yield from _parquet(file)
    else:
        yield from ((WHOLE, block) for block in _blocks(file, start))


def _blocks(file: IO[bytes], start: bytes) -> Iterator[str]:
    encoding = "utf-16" if start[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8"
    # What is not UTF-8 still shows its ASCII runs, and no value searched for can hide in the replaced bytes.
    reader = io.TextIOWrapper(file, encoding=encoding, errors="replace", newline="")
    carry = ""
    try:
        while len(block := reader.read(BLOCK)) == BLOCK:
            text = carry + block
            line_end = text.rfind("\n") + 1
            # With no line to cut at, the overlap is searched twice, so that no value falls between two blocks.
            yield text[:line_end] if line_end else text
            carry = text[line_end or -_OVERLAP :]
        yield carry + block
    finally:
        reader.detach()


def _parquet(file: IO[bytes]) -> Iterator[tuple[str, str]]:
    size = file.seek(0, io.SEEK_END)
    file.seek(size - 8)
    footer = int.from_bytes(file.read(4), "little")
    file.seek(size - 8 - footer)
    yield FOOTER, file.read(footer).decode("latin-1")
    file.seek(0)
    parquet = pq.ParquetFile(file)
    for batch in parquet.iter_batches(batch_size=_ROWS):
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            for leaf, values in _leaves(name, column):
                yield leaf, "\n".join(_as_text(values))


def _leaves(name: str, values: pa.Array) -> Iterator[tuple[str, pa.Array]]:
    """The innermost columns under `values`: of structs, lists and maps, to any depth."""
    kind = values.type
    if pa.types.is_struct(kind):
        for index, field in enumerate(kind):
            yield from _leaves(f"{name}.{field.name}", pc.struct_field(values, index))
    elif pa.types.is_map(kind):
        yield from _leaves(f"{name}.key", values.keys)
        yield from _leaves(f"{name}.value", values.items)
    elif pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        yield from _leaves(name, values.flatten())
    elif pa.types.is_dictionary(kind):
        yield from _leaves(name, values.dictionary_decode())
    else:
        yield name, values


def _as_text(values: pa.Array) -> Iterator[str]:
    kind = values.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        yield from values.drop_null().to_pylist()
    elif pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind):
        yield from (value.decode("latin-1") for value in values.drop_null().to_pylist())
    elif pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        yield from _numbers(values)


def _numbers(values: pa.Array) -> Iterator[str]:
    """Whole numbers with enough digits, bare and with the zeros that a CPF loses as a number."""
    for number in values.filter(pc.greater_equal(values.cast(pa.float64()), _SMALLEST_NUMBER)).to_pylist():
        if math.isfinite(number):
            yield f"{int(number)} {int(number):011d}"
