"""gzip and zip: taken if they hold one plain file, refused with a reason if they are cut, locked, bombs or traps."""

from __future__ import annotations

import gzip
import io
import random
import zipfile

import pytest
from csv_world import ROW, World, changed, text_of

TEXT = text_of(*(changed(customer_id=f"C{number}") for number in range(500))).encode()


def zip_of(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "packing"),
    [
        (gzip.compress(TEXT), "gzip"),
        (gzip.compress(TEXT[:4000]) + gzip.compress(TEXT[4000:]), "gzip"),
        (zip_of({"vendas.csv": TEXT}), "zip"),
        (zip_of({"saída/": b"", "saída/vendas.csv": TEXT}), "zip"),
        (zip_of({"vendas.csv": TEXT}, zipfile.ZIP_STORED), "zip"),
    ],
    ids=["gzip", "gzip of two members", "zip", "zip with a folder", "zip, not compressed"],
)
def test_a_packed_file_is_known_by_its_bytes_and_taken(world: World, content: bytes, packing: str) -> None:
    world.drop(content, "vendas.csv")  # the name says nothing
    assert world.ingest().rows_written == 500
    assert [row["customer_id"] for row in world.rows()] == [f"C{number}" for number in range(500)]
    assert world.manifest()["details"]["packing"] == packing
    assert world.manifest()["source_files"][0]["size"] == len(content)


def hard_to_pack() -> bytes:
    """2 MB of text, of which about half is left when packed: more than any buffer between the archive and its text."""
    rng = random.Random(1)
    return text_of(
        *(changed(customer_id=f"C{number}", product=rng.randbytes(200).hex()) for number in range(4000))
    ).encode()


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED], ids=["deflated", "stored"])
def test_a_zip_file_that_is_longer_than_any_one_read(world: World, method: int) -> None:
    world.drop(zip_of({"vendas.csv": hard_to_pack()}, method))
    assert world.ingest().rows_written == 4000


def test_a_packed_file_in_the_fallback_encoding(world: World) -> None:
    world.drop(gzip.compress(text_of(changed(store_location="São Paulo")).encode("latin-1")))
    world.ingest()
    assert (world.rows()[0]["store_location"], world.manifest()["details"]["encoding"]) == ("São Paulo", "cp1252")


@pytest.mark.parametrize("cut", [1, 8, 200], ids=["a byte", "the checksum", "the middle"])
def test_a_cut_gzip_file(world: World, cut: int) -> None:
    world.drop(gzip.compress(TEXT)[:-cut])
    assert world.rejected_file()["code"] == "ARCHIVE_DAMAGED"


@pytest.mark.parametrize("position", [60, -6], ids=["in the data", "in the checksum"])
def test_a_gzip_file_with_a_changed_byte(world: World, position: int) -> None:
    content = bytearray(gzip.compress(TEXT))
    content[position] ^= 0xFF
    world.drop(bytes(content))
    assert world.rejected_file()["code"] == "ARCHIVE_DAMAGED"


def test_a_gzip_file_with_something_after_it(world: World) -> None:
    world.drop(gzip.compress(TEXT) + b"more")
    assert world.rejected_file()["code"] == "ARCHIVE_DAMAGED"


@pytest.mark.parametrize("cut", [1, 30, 300])
def test_a_cut_zip_file(world: World, cut: int) -> None:
    world.drop(zip_of({"vendas.csv": TEXT})[:-cut])
    assert world.rejected_file()["code"] == "ARCHIVE_DAMAGED"


def test_a_zip_file_with_a_changed_byte(world: World) -> None:
    content = bytearray(zip_of({"vendas.csv": TEXT}, zipfile.ZIP_STORED))
    content[1000] ^= 0x01
    world.drop(bytes(content))
    assert world.rejected_file()["code"] == "ARCHIVE_DAMAGED"


def bomb() -> bytes:
    return text_of(ROW).encode() + b"x" * 30_000_000


@pytest.mark.parametrize("pack", [gzip.compress, lambda data: zip_of({"x.csv": data})], ids=["gzip", "zip"])
def test_a_bomb_is_refused_by_its_ratio(world: World, pack) -> None:  # type: ignore[no-untyped-def]
    world.drop(pack(bomb()))
    assert world.rejected_file()["code"] == "ARCHIVE_TOO_LARGE"


@pytest.mark.parametrize("pack", [gzip.compress, lambda data: zip_of({"x.csv": data})], ids=["gzip", "zip"])
def test_a_packed_file_is_refused_by_its_unpacked_size(world: World, pack) -> None:  # type: ignore[no-untyped-def]
    world.drop(pack(TEXT))
    assert world.rejected_file(CSV_MAX_FILE_BYTES="20000")["code"] == "ARCHIVE_TOO_LARGE"


def test_a_short_text_that_packs_well_is_no_bomb(world: World) -> None:
    world.drop(gzip.compress(text_of(*[ROW] * 5_000).encode()))
    assert world.ingest(CSV_MAX_UNPACK_RATIO="2").rows_written == 5_000


def test_a_bomb_within_an_archive_is_not_unpacked_again(world: World) -> None:
    world.drop(gzip.compress(gzip.compress(bomb())))
    assert world.rejected_file()["code"] == "NOT_PLAIN_TEXT"


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({}, "ARCHIVE_MEMBERS"),
        ({"a.csv": TEXT, "b.csv": TEXT}, "ARCHIVE_MEMBERS"),
        ({f"{number}/": b"" for number in range(20)} | {"a.csv": TEXT}, "ARCHIVE_MEMBERS"),
        ({"x" * 60 + f"{number}.csv": b"" for number in range(5_000)}, "ARCHIVE_MEMBERS"),
        ({"../a.csv": TEXT}, "ARCHIVE_UNSAFE_NAME"),
        ({"/etc/a.csv": TEXT}, "ARCHIVE_UNSAFE_NAME"),
        ({"c:a.csv": TEXT}, "ARCHIVE_UNSAFE_NAME"),
        ({"a\\..\\b.csv": TEXT}, "ARCHIVE_UNSAFE_NAME"),
        ({"[Content_Types].xml": b"<x/>", "xl/workbook.xml": b"<x/>"}, "NOT_PLAIN_TEXT"),
    ],
    ids=["none", "two", "folders", "thousands", "parent", "absolute", "drive", "backslash", "spreadsheet"],
)
def test_a_zip_file_must_hold_one_plain_file(world: World, members: dict[str, bytes], code: str) -> None:
    world.drop(zip_of(members))
    assert world.rejected_file()["code"] == code


def test_a_method_without_bounds(world: World) -> None:
    world.drop(zip_of({"a.csv": TEXT}, zipfile.ZIP_LZMA))
    assert world.rejected_file()["code"] == "ARCHIVE_DAMAGED"


def test_an_encrypted_zip_file(world: World) -> None:
    content = bytearray(zip_of({"a.csv": TEXT}))
    for header, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):  # APPNOTE 4.4.4: bit 0 means encrypted
        content[content.index(header) + flags] |= 1
    world.drop(bytes(content))
    assert world.rejected_file()["code"] == "ARCHIVE_ENCRYPTED"


def test_the_same_bytes_packed_again_are_a_duplicate(world: World) -> None:
    for _ in range(2):
        world.drop(gzip.compress(TEXT, mtime=0))
        run = world.ingest()
    assert (run.duplicates, len(world.batches())) == (1, 1)
