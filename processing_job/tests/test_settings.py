"""Settings: each layer in directories or in a schema, never both, never neither."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from etl_customers.config.settings import JobSettings
from etl_customers.utils.address import Address, Place

_LAYERS = ("bronze", "silver", "gold")
_PATHS = {f"{layer}_path": f"/lake/{layer}" for layer in _LAYERS}
_SCHEMAS = {f"{layer}_schema": f"prod.{layer}" for layer in _LAYERS} | {"checkpoint_path": "/Volumes/prod/ops/work"}


def _settings(**given: Any) -> JobSettings:
    return JobSettings(**{"raw_path": "/lake/raw", "runs_path": "/lake/runs", "token_key_file": "/key"} | given)


def test_directories_are_the_default() -> None:
    settings = _settings(**_PATHS)
    assert settings.silver.table("purchases") == Address("/lake/silver/purchases")
    assert settings.silver.table("purchases").sql == "delta.`/lake/silver/purchases`"
    assert (settings.ops, settings.checkpoints) == (Place("/lake/silver/_ops"), "/lake/bronze/_checkpoints")


def test_schemas_make_names() -> None:
    settings = _settings(**_SCHEMAS)
    name = "`prod`.`silver`.`purchases`"
    assert settings.silver.table("purchases") == Address(name, is_name=True)
    assert settings.silver.table("purchases").sql == name and settings.silver.table("purchases").directory is None
    assert settings.ops == settings.silver, "beside silver's tables, unless it is told"
    assert _settings(**_SCHEMAS, ops_schema="prod.ops").ops == Place("prod.ops", is_schema=True)
    assert settings.checkpoints == "/Volumes/prod/ops/work"


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (_PATHS | {"gold_path": None}, "ETL_GOLD_PATH or ETL_GOLD_SCHEMA"),
        (_PATHS | {"silver_schema": "prod.silver"}, "ETL_SILVER_PATH or ETL_SILVER_SCHEMA"),
        (_PATHS | {"token_key_scope": "etl"}, "ETL_TOKEN_KEY_FILE or ETL_TOKEN_KEY_SCOPE"),
        (_SCHEMAS | {"checkpoint_path": None}, "ETL_CHECKPOINT_PATH"),
        (_SCHEMAS | {"gold_schema": "prod.gold; DROP"}, "gold_schema"),
        (_PATHS | {"gold_path": ""}, "gold_path"),
        (_PATHS | {"raw_path": ""}, "raw_path"),
        (_PATHS | {"max_files_per_trigger": 0}, "max_files_per_trigger"),
        (_PATHS | {"local_threads": 0}, "local_threads"),
    ],
)
def test_what_does_not_fit_together_is_refused_by_name(given: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        _settings(**given)


@pytest.mark.parametrize(
    ("text", "sql"),
    [
        ("lake/gold/t", f"delta.`{Path.cwd()}/lake/gold/t`"),
        ("/lake/gold/t", "delta.`/lake/gold/t`"),
        ("abfss://gold@acme.dfs.core.windows.net/t", "delta.`abfss://gold@acme.dfs.core.windows.net/t`"),
        ("dbfs:/gold/t", "delta.`dbfs:/gold/t`"),
    ],
)
def test_sql_names_a_directory_absolutely_as_delta_knows_no_other(text: str, sql: str) -> None:
    assert Address(text).sql == sql
