"""What is sensitive is told to the leak scan by the contract that the lake was made by."""

from __future__ import annotations

import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from etl_customers.privacy.leak_scan import CLEAN, LEAK, NO_PROOF, main

CONTRACTS = Path(__file__).parents[2] / "contracts"
CPF, PRODUCT = "529.982.247-25", "Cafeteira especial"


@pytest.fixture
def arguments(tmp_path: Path) -> list[str]:
    """Of the scan of a lake whose silver shows the product."""
    for layer, rows in (("bronze", {"cpf": [CPF], "product": [PRODUCT]}), ("silver", {"product": [PRODUCT]})):
        (tmp_path / layer).mkdir()
        pq.write_table(pa.table(rows), tmp_path / layer / "part-0.parquet")
    return ["--bronze", str(tmp_path / "bronze"), "--scan", str(tmp_path / "silver")]


@pytest.fixture
def secret_products(tmp_path: Path) -> str:
    """A contract that masks the product, which the packaged one does not."""
    document = yaml.safe_load((CONTRACTS / "customers.odcs.yaml").read_text(encoding="utf-8"))
    (product,) = (column for column in document["schema"][0]["properties"] if column["name"] == "product")
    (mask,) = (entry for entry in product["customProperties"] if entry["property"] == "mask")
    mask["value"] = "full"
    shutil.copy(CONTRACTS / "stores.yaml", tmp_path)
    path = tmp_path / "secret.yaml"
    path.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    return str(path)


def test_by_option_or_as_the_job_is_told(
    arguments: list[str], secret_products: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ETL_CONTRACT_PATH", raising=False)
    assert main(arguments) == CLEAN
    assert main([*arguments, "--contract-path", secret_products]) == LEAK
    monkeypatch.setenv("ETL_CONTRACT_PATH", secret_products)
    assert main(arguments) == LEAK


def test_a_contract_that_cannot_be_used_is_no_proof(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*arguments, "--contract-path", "/typo.yaml"]) == NO_PROOF
    assert "typo.yaml" in capsys.readouterr().err
