"""A column that the contract gains goes from a partner's file to raw by a change to the contract alone."""

from __future__ import annotations

from pathlib import Path
from shutil import copy

import pytest
import yaml
from csv_world import COLUMNS, ROW, World, text_of
from customer_contract import Contract, load_contract

CONTRACTS = Path(__file__).resolve().parents[3] / "contracts"
PHONE = """
name: phone
logicalType: string
physicalType: string
customProperties:
  - {property: format, value: text}
  - {property: personalData, value: personal}
  - {property: mask, value: full}
"""


@pytest.fixture
def grown(tmp_path: Path) -> Contract:
    """The shipped contract with a column more."""
    document = yaml.safe_load((CONTRACTS / "customers.odcs.yaml").read_text(encoding="utf-8"))
    document["schema"][0]["properties"].append(yaml.safe_load(PHONE))
    (tmp_path / "contract").mkdir()
    copy(CONTRACTS / "stores.yaml", tmp_path / "contract")
    path = tmp_path / "contract" / "customers.odcs.yaml"
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    return load_contract(path)


def test_the_new_column_has_a_place_in_raw_and_before_goes_to_the_extras(
    tmp_path: Path, grown: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(tmp_path)
    text = text_of((*ROW, "11 98765-4321"), header=(*COLUMNS, "phone"))
    world.drop(text)
    assert world.ingest().error is None
    assert world.manifest()["columns"] == [*COLUMNS, "_extra"] == world.part().decode().splitlines()[0].split(",")
    assert "11 98765-4321" in world.rows()[0]["_extra"]
    (before,) = world.batches()
    monkeypatch.setattr("csv_ingestion.interfaces.main.load_contract", lambda: grown)
    world.drop(text_of((*ROW[:-1], "02/04/2025", "11 98765-4321"), header=(*COLUMNS, "phone")))
    assert world.ingest().error is None
    (after,) = set(world.batches()) - {before}
    header, line = (after / "part-00000.csv").read_text(encoding="utf-8").splitlines()
    assert header.split(",") == [*COLUMNS, "phone", "_extra"]
    assert line.endswith(",02/04/2025,11 98765-4321,")
