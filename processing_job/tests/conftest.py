"""One Spark session for all Spark tests, and small lakes to run the real job on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from customer_contract import Contract, load_contract
from fault_kit import RawCopies, Reference
from fault_page import Seen
from lake_kit import SmallLake, properties_once_large
from pyspark.sql import SparkSession

from etl_customers.config.session import MERGE_MARKS_ROWS, SMALL, local_session
from etl_customers.utils import versioned_table
from etl_customers.utils.lake_table import LakeTable

#: Tests have a handful of rows: compiling Java for each query costs more than it saves. The command's own tests and
#: the demo run with code generation.
_INTERPRETED = {"spark.sql.codegen.wholeStage": "false", "spark.sql.codegen.factoryMode": "NO_CODEGEN"}


@pytest.fixture(scope="session")
def spark() -> Iterator[SparkSession]:
    # All of the job's tests share this Java, those with fields of 50 MB too: with 2 GB it ended there.
    session = local_session(memory="6g", more=_INTERPRETED | SMALL)
    yield session
    session.stop()


@pytest.fixture(scope="session")
def contract() -> Contract:
    return load_contract()


@pytest.fixture
def lake(tmp_path: Path, spark: SparkSession) -> SmallLake:
    return SmallLake(tmp_path)


@pytest.fixture
def all_is_large(spark: SparkSession, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every table is written as a large one is after its first maintenance; most tests meet small ones."""
    monkeypatch.setattr(versioned_table, "LARGE_BYTES", -1)
    monkeypatch.setattr(LakeTable, "_properties", properties_once_large)
    spark.conf.set(MERGE_MARKS_ROWS, "true")
    yield
    spark.conf.set(MERGE_MARKS_ROWS, SMALL[MERGE_MARKS_ROWS])


@pytest.fixture(scope="session")
def raw(tmp_path_factory: pytest.TempPathFactory, spark: SparkSession) -> RawCopies:
    """What the fault suites deliver in every order, and have killed over."""
    return RawCopies(tmp_path_factory.mktemp("faults"), seed=7)


@pytest.fixture(scope="session")
def reference(raw: RawCopies) -> Reference:
    """One run over all of it."""
    return Reference.of(raw)


@pytest.fixture(scope="session")
def seen() -> Iterator[Seen]:
    """Where the fault suite records what it saw (docs/faults.md)."""
    found = Seen()
    yield found
    found.write_if_asked()
