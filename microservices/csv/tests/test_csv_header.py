"""What the header must satisfy."""

import json
import unicodedata

import pytest
from csv_world import COLUMNS, ROW, SECRET, World, text_of


def test_header_alone_is_a_valid_empty_batch(world: World) -> None:
    world.drop(text_of())
    run = world.ingest()
    assert (run.rows_read, len(run.batches), run.has_rejects) == (0, 1, False)
    assert world.part().decode() == ",".join([*COLUMNS, "_extra"]) + "\n"


@pytest.mark.parametrize("content", ["", "\n\n", "\ufeff"], ids=["no byte", "blank lines", "a mark"])
def test_a_file_without_header_is_set_aside(world: World, content: str) -> None:
    world.drop(content)
    assert world.rejected_file()["code"] == "EMPTY_FILE"


def test_order_case_and_blanks_of_names_are_free(world: World) -> None:
    header = tuple(f" {name.upper()} " for name in reversed(COLUMNS))
    world.drop(text_of(tuple(reversed(ROW)), header=header))
    world.ingest()
    (row,) = world.rows()
    assert tuple(row[name] for name in COLUMNS) == ROW
    assert row["_extra"] == ""


def test_optional_columns_may_be_missing(world: World) -> None:
    world.drop("cpf,customer_id\n1,2\n")
    world.ingest()
    assert world.part().decode().splitlines()[1] == "2,1" + "," * 11


@pytest.mark.parametrize("required", ["customer_id", "cpf"])
def test_a_missing_mandatory_column(world: World, required: str) -> None:
    position = COLUMNS.index(required)
    header, row = list(COLUMNS), list(ROW)
    del header[position], row[position]
    world.drop(text_of(tuple(row), header=tuple(header)))
    reason = world.rejected_file()
    assert (reason["code"], reason["columns"], reason["line"]) == ("MISSING_COLUMN", [required], 1)


def test_a_header_with_a_column_twice(world: World) -> None:
    world.drop(text_of((*ROW, "x"), header=(*COLUMNS, "CPF")))
    reason = world.rejected_file()
    assert (reason["code"], reason["columns"]) == ("DUPLICATE_COLUMN", ["cpf"])


def test_an_unknown_column_twice_is_not_named(world: World) -> None:
    world.drop(text_of((*ROW, "x", "y"), header=(*COLUMNS, SECRET, SECRET)))
    reason = world.rejected_file()
    assert (reason["code"], reason["columns"]) == ("DUPLICATE_COLUMN", [])


def test_a_blank_column_name(world: World) -> None:
    world.drop(text_of((*ROW, ""), header=(*COLUMNS, " ")))
    assert world.rejected_file()["code"] == "BLANK_COLUMN"


def test_a_file_without_header_line_does_not_show_its_first_row(world: World) -> None:
    world.drop(text_of(ROW, header=ROW))
    assert world.rejected_file()["code"] == "HEADER_NOT_RECOGNISED"


def test_unknown_columns_are_kept_as_json_text(world: World) -> None:
    decomposed = unicodedata.normalize("NFD", "Observação")
    header = ("pontos", *COLUMNS, f" {decomposed} ")
    world.drop(text_of(("7", *ROW, 'diz "olá"'), ("", *ROW, ""), header=header))
    world.ingest()
    first, second = world.rows()
    assert json.loads(first["_extra"]) == {"pontos": "7", "Observação": 'diz "olá"'}
    assert json.loads(second["_extra"]) == {"pontos": "", "Observação": ""}
    assert tuple(first[name] for name in COLUMNS) == ROW
    assert world.manifest()["details"]["unknown_columns"] == ["pontos", "Observação"]


def test_the_senders_names_are_mapped(world: World) -> None:
    world.drop("Código;CPF do Cliente\n2;1\n")
    world.ingest(CSV_HEADER_MAP='{"código": "customer_id", "cpf do cliente": "cpf"}')
    (row,) = world.rows()
    assert (row["customer_id"], row["cpf"]) == ("2", "1")


def test_a_mapped_name_beside_the_columns_own_name(world: World) -> None:
    world.drop("customer_id;cpf;documento\n2;1;3\n")
    reason = world.rejected_file(CSV_HEADER_MAP='{"documento": "cpf"}')
    assert (reason["code"], reason["columns"]) == ("DUPLICATE_COLUMN", ["cpf"])


def test_a_header_longer_than_a_chunk_is_read_whole(world: World) -> None:
    wide = tuple(f"coluna_{number:05d}" for number in range(20_000))
    world.drop(text_of((*ROW, *("" for _ in wide)), header=(*COLUMNS, *wide)))
    assert world.ingest().rows_written == 1
    assert len(world.manifest()["details"]["unknown_columns"]) == 100
