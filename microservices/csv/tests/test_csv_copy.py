"""Canonical files are copied, not rewritten: the result must be what rewriting gives, byte for byte where it may be."""

from __future__ import annotations

import csv
import io
import random

import pytest
from csv_world import COLUMNS, ROW, World, changed, text_of

from csv_ingestion.application.helpers.regular_rows import RegularRows
from csv_ingestion.application.services import canonicalise


def canonical(*rows: tuple[str, ...]) -> str:
    return text_of(*rows, delimiter=",")


def no_rewriting(*_: object) -> bytes:
    raise AssertionError("a regular row was rewritten")


def test_a_canonical_file_is_copied(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(canonicalise, "_to_csv", no_rewriting)
    text = canonical(*(changed(customer_id=f"C{n}", total_amount="1.234,56", first_name="Ção") for n in range(5_000)))
    world.drop(text)
    assert world.ingest().rows_written == 5_000
    header, rows = text.split("\n", 1)
    assert world.part().decode() == header + ",_extra\n" + rows.replace("\n", ",\n")


def test_a_file_that_lacks_the_last_columns_is_copied(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(canonicalise, "_to_csv", no_rewriting)
    world.drop(f"{COLUMNS[0]},{COLUMNS[1]}\n1,2\n3,4")
    world.ingest()
    assert world.part().decode().splitlines()[1:] == ["1,2" + "," * 11, "3,4" + "," * 11]


def test_a_mark_of_utf_8_is_not_copied(world: World) -> None:
    world.drop(canonical(ROW).encode("utf-8-sig"))
    world.ingest()
    assert world.rows()[0]["customer_id"] == "C1" and b"\xef\xbb\xbf" not in world.part()


def test_the_mappings_names_are_canonical_too(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(canonicalise, "_to_csv", no_rewriting)
    world.drop('"Código","CPF do Cliente"\n2,1\n')
    world.ingest(CSV_HEADER_MAP='{"código": "customer_id", "cpf do cliente": "cpf"}')
    assert (world.rows()[0]["customer_id"], world.rows()[0]["cpf"]) == ("2", "1")


def test_odd_rows_far_apart_are_rewritten_and_all_rows_stay_in_order(world: World) -> None:
    odd = {
        10: changed(product='Mesa "Lux"'),
        4_000: changed(product="duas\nlinhas"),
        4_001: changed(product="duas\r\nlinhas\n"),
        9_000: ROW[:-1],
        9_500: (*ROW, "x"),
        19_999: changed(product='"'),
    }
    rows = [odd.get(n, changed(purchase_id=f"P{n}")) for n in range(20_000)]
    world.drop(canonical(*rows))
    run = world.ingest()
    assert (run.rows_read, run.rows_written, run.rows_rejected) == (20_000, 19_998, 2)
    text = io.StringIO(world.part().decode(), newline="")
    found = [tuple(row[:-1]) for row in csv.reader(text, strict=True)][1:]
    assert found == [row for row in rows if len(row) == 12]
    (rejects,) = (world.inbox / "rejected").glob("*/rows.csv")
    lines = [line.partition(",")[0] for line in rejects.read_text().splitlines()[1:]]
    assert lines == [str(9_000 + 2 + 1 + 2), str(9_500 + 2 + 1 + 2)]  # from 1, header, three lines more in quotes


@pytest.mark.parametrize("end", ["\r\n", "\r", "\n\n", "\n\r\n"])
def test_other_line_ends(world: World, end: str) -> None:
    world.drop(canonical(*[ROW] * 3_000).replace("\n", end))
    assert world.ingest().rows_written == 3_000
    assert world.part().count(b"\n") == 3_001 and b"\r" not in world.part()


def test_a_file_of_cr_after_a_header_of_lf(world: World) -> None:
    world.drop(canonical(*[ROW] * 9_000).replace("\n", "\r").replace("\r", "\n", 1))
    assert world.ingest().rows_written == 9_000


def test_a_quote_within_an_unquoted_field_is_written_in_quotes(world: World) -> None:
    world.drop(canonical(ROW).replace("Mesa", 'TV 42"'))
    world.ingest()
    assert world.rows()[0]["product"] == 'TV 42"' and b'"TV 42"""' in world.part()


def test_a_line_longer_than_every_limit_is_refused_in_bounded_memory(world: World) -> None:
    world.drop(canonical(ROW) + "x" * 3_000_000)
    reason = world.rejected_file(CSV_MAX_FIELD_BYTES="1000")
    assert (reason["code"], reason["line"]) == ("ROW_TOO_LARGE", 3)


def test_a_field_longer_than_the_limit(world: World) -> None:
    world.drop(canonical(ROW, changed(product="é" * 1_001)))
    assert world.rejected_file(CSV_MAX_FIELD_BYTES="1000")["code"] == "FIELD_TOO_LARGE"


def test_a_field_of_more_bytes_than_the_limit_has_characters(world: World) -> None:
    world.drop(canonical(ROW, changed(product="é" * 999)))
    assert world.ingest(CSV_MAX_FIELD_BYTES="1000").rows_written == 2


def test_an_unclosed_quote_across_blocks(world: World) -> None:
    rows = canonical(*[ROW] * 20_000).splitlines(keepends=True)
    rows[5] = rows[5].replace("Mesa", '"Mesa')
    world.drop("".join(rows))
    reason = world.rejected_file()
    assert (reason["code"], reason["line"]) == ("UNCLOSED_QUOTE", 6)


def test_what_counts_as_regular_reads_the_same_by_a_strict_parser() -> None:
    """Random bytes of the characters that matter; whatever is called regular must be plain RFC 4180."""
    draw = random.Random(20260601)
    regular = RegularRows(3, 1_000)
    taken = 0
    for _ in range(60_000):
        size = draw.randint(1, 4)
        fields = ["a", "", '"a,b"', '""', 'a"', '"a', '"a""b"', "é", '"\n"', "a\r", '"a"b', '","', '"a\r"']
        weights = [9, 5, 9, 5, 1, 1, 1, 5, 1, 1, 1, 5, 1]
        rows = [draw.choices(fields, weights, k=draw.choice([3] * 12 + [2, 4])) for _ in range(size)]
        block = "".join(",".join(row) + "\n" for row in rows).encode()
        count = regular.count(block)
        if count is None:
            continue
        taken += 1
        parsed = list(csv.reader(io.StringIO(block.decode(), newline=""), strict=True))
        assert count == len(parsed) == size and all(len(row) == 3 for row in parsed), block
        assert not any(mark in field for row in parsed for field in row for mark in '"\r\n'), block
    assert taken > 10_000


@pytest.mark.parametrize(
    "block",
    [
        b"a,b\n",
        b"a,b,c,d\n",
        b"a,b,c\n\n",
        b"a,b,c\r\n",
        b"a,\0,c\n",
        b'a,"b,c\n',
        b'a,b",c\n',
        b'a,"b""",c\n',
        b"a,b,c",
    ],
)
def test_what_is_not_regular(block: bytes) -> None:
    assert RegularRows(3, 1_000).count(block) is None
    assert RegularRows(3, 1_000).count(b"a,b,c\n" + block) is None


def test_a_long_line_is_not_regular() -> None:
    assert RegularRows(3, 10).count(b"a,b,c\n" * 9 + b"a,b,1234567\n") is None
    assert RegularRows(3, 11).count(b"a,b,c\n" * 9 + b"a,b,1234567\n") == 10
