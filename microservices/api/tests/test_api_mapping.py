"""A new partner needs no code: its mapping is configuration."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from api_ingestion.application.helpers.documents import at_path, split_path
from api_ingestion.application.helpers.flat_mapping import FlatMapping
from api_ingestion.application.helpers.mapping import RecordMapper
from api_ingestion.infrastructure.config.mapping_file import field_map
from api_lake import Bench
from api_servers import ScriptedServer
from customer_contract import load_contract
from ingestion_kernel.domain.exceptions import ConfigurationInvalid, SourceDataInvalid

SECOND_PARTNER = Path(__file__).parents[1] / "examples" / "second_partner.yaml"
COLUMNS = load_contract().column_names


def test_a_second_partner_of_another_shape(tmp_path: Path, scripted: ScriptedServer) -> None:
    record = (
        '{"pedido": 77, "loja": "Recife", "data_compra": "2025-03-31", "alterado_em": "2025-04-01T10:00:00Z",'
        ' "cliente": {"codigo": 5, "nome": "Ana", "sobrenome": "Souza", "vip": true,'
        ' "documentos": [{"tipo": "cpf", "numero": "529.982.247-25"}],'
        ' "emails": [{"address": "ana@example.com"}, {"address": "ana@example.org"}]},'
        ' "itens": ["Cafeteira"], "pagamentos": [{"cartao": "4111111111111111", "valor": 1234567890.10}]}'
    )
    scripted.play({"body": f'{{"resultado": {{"compras": [{record}]}}}}'})
    bench = Bench(tmp_path / "raw")
    settings: dict[str, Any] = {"paging": "none", "records_path": "resultado.compras", "cursor_field": "alterado_em"}
    run = bench.ingest(scripted.url, mapping_file=SECOND_PARTNER, **settings)
    assert run.error is None, run.error
    assert bench.rows() == [
        {
            "customer_id": "5",
            "cpf": "529.982.247-25",
            "first_name": "Ana",
            "last_name": "Souza",
            "email": "ana@example.com",
            "credit_card_number": "4111111111111111",
            "purchase_date": "2025-03-31",
            "total_amount": "1234567890.10",
            "product": "Cafeteira",
            "store_location": "Recife",
            "purchase_id": "77",
            "updated_at": "2025-04-01T10:00:00Z",
            "_extra": {
                "cliente": {
                    "vip": "true",
                    "documentos": [{"tipo": "cpf"}],
                    "emails": [None, {"address": "ana@example.org"}],
                }
            },
        }
    ]


def test_a_json_file_maps_as_well(tmp_path: Path) -> None:
    file = tmp_path / "map.json"
    file.write_text(json.dumps({"columns": {"cpf": "doc[1]"}}))
    assert field_map({}, file, COLUMNS) == {"cpf": "doc[1]"}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("columns: {cpff: a}", r"cpff \(meant cpf\?\)"),
        ("columns: {cpf: 'a..b'}", "the path of cpf"),
        ("columns: {cpf: 'a[x]'}", "the path of cpf"),
        ("columns: {cpf: .}", "the path of cpf"),
        ("columns: {cpf: [a]}", "the path of cpf"),
        ("columns: {cpf: a}\nfields: {}", "nothing else"),
        ("columns: []", "must hold `columns`"),
        ("columns: {}", "must map"),
        ("- columns", "must hold `columns`"),
        ("", "must hold `columns`"),
        ("columns:\n  cpf: a\n  cpf: b\n", "twice in line 3"),
        ("columns: {cpf: a", "neither JSON nor YAML in line"),
        ("columns: !!python/object/apply:os.getcwd []", "neither JSON nor YAML"),
    ],
)
def test_a_wrong_file_is_explained(text: str, reason: str, tmp_path: Path) -> None:
    file = tmp_path / "map.yaml"
    file.write_text(text)
    with pytest.raises(ConfigurationInvalid, match=reason):
        field_map({}, file, COLUMNS)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationInvalid, match="FileNotFoundError"):
        field_map({}, tmp_path / "none.yaml", COLUMNS)


def test_paths() -> None:
    assert split_path("a.b[0][12].c") == ("a", "b", 0, 12, "c")
    assert split_path("[0]") == (0,) and split_path(".") == ()
    assert at_path({"a": [{"b": "x"}]}, ("a", 0, "b")) == "x"
    for missing in (("a", 1), ("a", "b"), ("a", 0, 0), ("c",)):
        with pytest.raises(KeyError):
            at_path({"a": [{"b": "x"}]}, missing)
    for wrong in ("", "a.", ".a", "a[", "a[-1]", "a]0[", "a[0]b"):
        with pytest.raises(ValueError):
            split_path(wrong)


def any_value(rng: random.Random, depth: int) -> Any:
    kind = rng.randrange(8 if depth else 5)
    if kind < 5:
        return [None, True, 7, "text", ""][kind]
    if kind == 5:
        return [any_value(rng, depth - 1) for _ in range(rng.randrange(3))]
    return {rng.choice("abcx"): any_value(rng, depth - 1) for _ in range(rng.randrange(4))}


def test_the_quick_way_does_what_the_general_one_does() -> None:
    rng = random.Random(3)
    paths = {"one": "a", "two": "b.a", "three": "b.b.c", "four": "c.x", "five": "x"}
    columns = list(paths)
    mapper = RecordMapper(columns, paths, 9)
    assert FlatMapping.fits([split_path(path) for path in paths.values()], 9)
    extras = 0
    for _ in range(5_000):
        record = {key: any_value(rng, 4) for key in rng.sample("abcxy", rng.randrange(6))}
        row = mapper.row(record)
        found, extra = mapper._split(record)
        extras += bool(extra)
        assert row == ({**found, "_extra": extra} if extra else found)
        assert [column for column in row if column != "_extra"] == [column for column in columns if column in found]
    assert 1_000 < extras < 5_000


@pytest.mark.parametrize("paths", [{"one": "a[0]"}, {"one": "a", "two": "a"}, {"one": "a", "two": "a.b"}])
def test_what_the_quick_way_is_not_for(paths: dict[str, str]) -> None:
    assert not FlatMapping.fits([split_path(path) for path in paths.values()], 9)


@pytest.mark.parametrize("field_paths", [{}, {"cpf": "deep[0]"}])
def test_depth_is_bounded(field_paths: dict[str, str]) -> None:
    mapper = RecordMapper(["cpf"], field_paths, 3)
    assert mapper.row({"x": {"y": ["z"]}})
    for record in ({"x": {"y": [["z"]]}}, {"cpf": {"y": {"z": {}}}}, [[[[]]]]):
        with pytest.raises(SourceDataInvalid, match="deep"):
            mapper.row(record)


def test_a_column_that_the_contract_gains_can_be_mapped_at_once(
    tmp_path: Path, scripted: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No code names the columns: what the contract has may stand in the mapping, and leaves the extras."""
    contract = load_contract()
    phone = contract.column("product").model_copy(update={"name": "phone"})
    grown = contract.model_copy(update={"columns": (*contract.columns, phone)})
    mapping = dict.fromkeys(("customer_id", "cpf", "updated_at"), "") | {"phone": "contact.phone"}
    mapping = {name: path or name for name, path in mapping.items()}
    with pytest.raises(ConfigurationInvalid, match="phone"):
        field_map(mapping, None, COLUMNS)
    monkeypatch.setattr("api_ingestion.interfaces.main.load_contract", lambda: grown)
    record = {"customer_id": "C1", "cpf": "52998224725", "updated_at": "2025-04-01T10:00:00Z"}
    scripted.play({"body": json.dumps({"items": [record | {"contact": {"phone": "11 98765-4321"}}]})})
    bench = Bench(tmp_path / "raw")
    run = bench.ingest(scripted.url, paging="none", records_path="items", field_map=mapping)
    assert run.error is None, run.error
    assert bench.rows() == [record | {"phone": "11 98765-4321"}]
