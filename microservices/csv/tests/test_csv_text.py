"""What may stand in a file: encodings, delimiters, quotes, line ends."""

import codecs

import pytest
from csv_world import COLUMNS, ROW, World, changed, text_of

ACCENTS = changed(first_name="Conceição", store_location="São Paulo")


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (text_of(ACCENTS).encode("utf-8"), "utf-8"),
        (text_of(ACCENTS).encode("utf-8-sig"), "utf-8-sig"),
        (text_of(ACCENTS).encode("utf-16"), "utf-16"),
        (codecs.BOM_UTF16_BE + text_of(ACCENTS).encode("utf-16-be"), "utf-16"),
        (text_of(ACCENTS).encode("latin-1"), "cp1252"),
    ],
    ids=["utf-8", "utf-8 with BOM", "utf-16 little endian", "utf-16 big endian", "latin-1"],
)
def test_each_encoding_ends_as_the_same_utf_8(world: World, content: bytes, encoding: str) -> None:
    world.drop(content)
    assert world.ingest().rows_written == 1
    assert world.manifest()["details"]["encoding"] == encoding
    (row,) = world.rows()
    assert (row["first_name"], row["store_location"]) == ("Conceição", "São Paulo")
    assert world.part().startswith(b"customer_id,cpf,")  # no BOM, contract order


def test_cp1252_has_what_latin_1_lacks(world: World) -> None:
    world.drop(text_of(changed(product="Caneta – € 5")).encode("cp1252"))
    world.ingest()
    assert world.rows()[0]["product"] == "Caneta – € 5"


def test_bytes_that_no_allowed_encoding_decodes(world: World) -> None:
    world.drop(text_of(ROW, changed(product="?")).encode().replace(b"?", b"\x81"))  # undefined in cp1252
    reason = world.rejected_file()
    assert (reason["code"], reason["line"]) == ("UNKNOWN_ENCODING", 3)


def test_a_declared_encoding_is_the_only_one_tried(world: World) -> None:
    world.drop(text_of(ACCENTS).encode("utf-8"))
    world.ingest(CSV_ENCODING="cp1252")
    assert world.rows()[0]["first_name"] == "ConceiÃ§Ã£o"  # as declared, not as guessed
    world.drop(text_of(ROW, ACCENTS).encode("latin-1"), "b.csv")
    run = world.ingest(CSV_ENCODING="utf-8")
    assert (run.inputs_rejected, world.reasons()[0]["code"]) == (1, "UNKNOWN_ENCODING")


def test_utf_8_may_be_declared_and_have_its_mark(world: World) -> None:
    world.drop(text_of(ACCENTS).encode("utf-8-sig"))
    world.ingest(CSV_ENCODING="UTF8")
    assert world.rows()[0]["customer_id"] == ACCENTS[0]


def test_no_fallback_leaves_only_utf_8(world: World) -> None:
    world.drop(text_of(ROW, ACCENTS).encode("latin-1"))
    reason = world.rejected_file(CSV_FALLBACK_ENCODING="none")
    assert (reason["code"], reason["line"]) == ("UNKNOWN_ENCODING", 3)


def test_an_undecodable_byte_far_into_the_file_is_placed_at_its_line(world: World) -> None:
    rows = [ROW] * 20_000  # more than one chunk of 1 MiB
    world.drop(text_of(*rows, changed(product="?")).encode().replace(b"?", b"\x81"))
    assert world.rejected_file()["line"] == 20_002


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_each_delimiter(world: World, delimiter: str) -> None:
    world.drop(text_of(changed(product="a;b,c|d\te", total_amount="R$ 1.234,56"), delimiter=delimiter))
    assert world.ingest().rows_written == 1
    assert world.manifest()["details"]["delimiter"] == delimiter
    assert (world.rows()[0]["product"], world.rows()[0]["total_amount"]) == ("a;b,c|d\te", "R$ 1.234,56")


def test_a_delimiter_that_is_not_allowed_is_not_tried(world: World) -> None:
    world.drop(text_of(ROW, delimiter="|"))
    assert world.rejected_file(CSV_DELIMITERS=";\\t")["code"] == "HEADER_NOT_RECOGNISED"


TWO_WAYS = "a,customer_id,cpf,b;customer_id;cpf;c\n"


def test_two_delimiters_that_fit_are_no_reason_to_guess(world: World) -> None:
    world.drop(TWO_WAYS + "1,2,3,4;5;6;7\n")  # four fields either way
    reason = world.rejected_file()
    assert (reason["code"], reason["line"]) == ("AMBIGUOUS_DELIMITER", 1)


def test_equal_field_counts_decide_between_two_complete_headers(world: World) -> None:
    world.drop(TWO_WAYS + "1;5;6;7\n")
    world.ingest()
    assert world.manifest()["details"]["delimiter"] == ";"
    assert (world.rows()[0]["customer_id"], world.rows()[0]["cpf"]) == ("5", "6")


def test_quotes_delimiters_and_line_ends_inside_quotes_stay(world: World) -> None:
    product = 'Mesa "Lux", 2 m;\nsegunda linha\r\nterceira\rquarta'
    world.drop(text_of(changed(product=product), ROW, delimiter=","))
    assert world.ingest().rows_written == 2
    assert world.part().decode().count(product.replace('"', '""')) == 1
    rows = world.rows()
    assert (rows[0]["product"], rows[1]["product"]) == (product, "Mesa")


@pytest.mark.parametrize("end", ["\r\n", "\r", "\n\n"], ids=["CRLF", "CR", "blank lines"])
def test_line_ends_become_lf(world: World, end: str) -> None:
    world.drop(text_of(ROW, ROW).replace("\n", end))
    assert world.ingest().rows_written == 2
    assert b"\r" not in world.part()
    assert world.part().count(b"\n") == 3


def test_a_last_line_without_line_end_counts(world: World) -> None:
    world.drop(text_of(ROW).rstrip("\n"))
    assert world.ingest().rows_written == 1


def test_what_looks_like_a_formula_is_data(world: World) -> None:
    values = {"first_name": '=HYPERLINK("http://x")', "last_name": "+1", "email": "-1", "product": "@SUM(A1)"}
    world.drop(text_of(changed(**values)))
    world.ingest()
    assert {name: world.rows()[0][name] for name in values} == values


def test_blanks_around_a_value_and_empty_fields_stay(world: World) -> None:
    world.drop(text_of(changed(first_name="  Ana ", email="")))
    world.ingest()
    assert (world.rows()[0]["first_name"], world.rows()[0]["email"]) == ("  Ana ", "")


def test_a_backslash_escapes_nothing(world: World) -> None:
    world.drop(text_of(changed(product="C:\\", store_location='a\\"b')))
    world.ingest()
    assert (world.rows()[0]["product"], world.rows()[0]["store_location"]) == ("C:\\", 'a\\"b')


def test_a_big_file_is_taken_whole_and_in_order(world: World) -> None:
    world.drop(text_of(*(changed(customer_id=f"C{number}") for number in range(2_500))))
    assert world.ingest().rows_written == 2_500
    assert [row["customer_id"] for row in world.rows()] == [f"C{number}" for number in range(2_500)]
    assert set(world.rows()[0]) == {*COLUMNS, "_extra"}
