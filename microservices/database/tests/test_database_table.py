"""Names, projection and watermarks: rules that need no database."""

from __future__ import annotations

import pytest
from database_ingestion.domain.slices import Cursor, start_after, watermark_of
from database_ingestion.domain.table import ContractColumns, Field, TableName, project
from database_ingestion.infrastructure.config.settings import DatabaseSettings
from ingestion_kernel.domain.exceptions import ConfigurationInvalid, SourceDataInvalid
from pydantic import ValidationError

CONTRACT = ContractColumns(names=("customer_id", "cpf", "email"), required=("customer_id", "cpf"))
TABLE = TableName("public", "customers")


@pytest.mark.parametrize(
    ("text", "schema", "name"),
    [
        ("customers", None, "customers"),
        ("Sales.Customers", "Sales", "Customers"),
        ('"odd.schema"."my ""table"""', "odd.schema", 'my "table"'),
        ('x"; DROP TABLE y; --', None, None),
        ("a.b.c", None, None),
        ("", None, None),
        (".customers", None, None),
    ],
)
def test_table_names_are_read_as_sql_writes_them(text: str, schema: str | None, name: str | None) -> None:
    if name is None:
        with pytest.raises(ConfigurationInvalid):
            TableName.parse(text)
    else:
        assert TableName.parse(text) == TableName(schema, name)


def test_contract_columns_come_first_and_none_is_dropped() -> None:
    fields = project(TABLE, ["extra", "mail", "cpf", "customer_id"], CONTRACT, {"mail": "email"})
    assert fields == (
        Field("customer_id", "customer_id"),
        Field("cpf", "cpf"),
        Field("mail", "email"),
        Field("extra", "extra"),
    )


def test_a_missing_mandatory_column_is_named_with_the_way_out() -> None:
    with pytest.raises(SourceDataInvalid, match="'cpf'") as caught:
        project(TABLE, ["customer_id", "document"], CONTRACT, {})
    assert "DB_COLUMN_MAP" in caught.value.advice


@pytest.mark.parametrize(
    ("column_map", "named"),
    [({"nothing": "cpf"}, "nothing"), ({"document": "cfp"}, "cfp"), ({"document": "cpf"}, "both become")],
)
def test_a_wrong_column_map_is_refused(column_map: dict[str, str], named: str) -> None:
    with pytest.raises(ConfigurationInvalid, match=named):
        project(TABLE, ["customer_id", "cpf", "document"], CONTRACT, column_map)


@pytest.mark.parametrize("upper", ["0", "2025-01-01 00:00:00.000001+00", ""])
def test_the_next_run_starts_at_the_watermark_even_if_it_is_falsy(upper: str) -> None:
    cursor = Cursor("updated_at", "number")
    assert start_after(watermark_of("t", cursor, (upper,)), "t", cursor) == (upper,)


@pytest.mark.parametrize(
    ("table", "cursor"), [("u", Cursor("a", "number")), ("t", Cursor("b", "number")), ("t", Cursor("a", "text"))]
)
def test_another_cursor_starts_from_the_first_row(table: str, cursor: Cursor) -> None:
    watermark = watermark_of("t", Cursor("a", "number"), ("5",))
    assert start_after(watermark, table, cursor) is None
    assert start_after(None, table, cursor) is None


def test_settings_hide_the_url_and_refuse_a_broken_one(tmp_path: object) -> None:
    given = {"raw_url": str(tmp_path), "db_table": "t"}
    settings = DatabaseSettings(database_url="postgres://ana:hunter2@db/shop", **given)
    assert settings.url.drivername == "postgresql"
    assert settings.url.password == "hunter2"
    assert "hunter2" not in repr(settings)
    for broken in ("hunter2 is no url", "postgresql://ana:hun@ter2@db/shop"):
        with pytest.raises(ValidationError) as caught:
            DatabaseSettings(database_url=broken, **given)
        assert "ter2" not in str(caught.value)


def test_no_cursor_is_said_by_the_word_none(tmp_path: object) -> None:
    given = {"raw_url": str(tmp_path), "db_table": "t", "database_url": "sqlite:///x"}
    assert DatabaseSettings(**given).cursor_column == "updated_at"
    assert DatabaseSettings(db_cursor_column="none", **given).cursor_column is None
