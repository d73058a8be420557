"""docs/data-dictionary.md says what the tables say of themselves. Write it anew by `make dictionary`."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from lake_kit import SmallLake
from pyspark.sql import SparkSession
from pyspark.sql.types import LongType, StructField, StructType

from etl_customers.data_dictionary import data_dictionary
from etl_customers.utils.address import Address
from etl_customers.utils.lake_table import LakeTable

PAGE = Path(__file__).parents[2] / "docs" / "data-dictionary.md"


def test_the_page_is_what_the_tables_say(lake: SmallLake) -> None:
    page = data_dictionary(lake.job().tables())
    if os.environ.get("WRITE_DATA_DICTIONARY"):
        PAGE.write_text(page, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == page, "run: make dictionary"


def test_a_column_without_a_comment_is_refused(spark: SparkSession) -> None:
    table = LakeTable(spark, Address("/nowhere"), "gold.mute", StructType([StructField("rows", LongType())]), ())
    with pytest.raises(ValueError, match="gold.mute.rows has no comment"):
        data_dictionary([table])
