"""The leak scan: every kind of file gives its leaks away, and a scan that proves nothing does not pass."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from customer_contract import load_contract

from etl_customers.privacy import file_texts
from etl_customers.privacy.clear_values import Searcher, patterns_of, read_clear_values, searchers
from etl_customers.privacy.leak_scan import CLEAN, LEAK, NO_PROOF, main, scan

CPF, CPF_DIGITS = "529.982.247-25", "52998224725"
ZEROS_CPF = "00000000191"
CARD, CARD_DIGITS = "4111 1111 1111 1111", "4111111111111111"
EMAIL = "Ana.Souza+promo@example.com.br"


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    bronze = tmp_path / "bronze" / "customers"
    bronze.mkdir(parents=True)
    rows = {
        "cpf": [CPF, ZEROS_CPF, "000.000.000-00", None],
        "email": [EMAIL, "a@b.co", None, None],
        "credit_card_number": [CARD, None, "1234", None],
        "product": ["Cafeteira especial", None, None, None],
    }
    pq.write_table(pa.table(rows), bronze / "part-0.parquet")
    silver = tmp_path / "silver"
    (silver / "customers" / "_delta_log").mkdir(parents=True)
    masked = {"cpf": ["********725"], "email": ["A***@example.com.br"], "product": ["Cafeteira especial"]}
    pq.write_table(pa.table(masked), silver / "customers" / "part-0.parquet")
    add = {"add": {"path": "part-0.parquet", "stats": json.dumps({"minValues": {"product": "Cafeteira especial"}})}}
    (silver / "customers" / "_delta_log" / f"{0:020d}.json").write_text(json.dumps(add))
    return tmp_path


def _scan(lake: Path) -> list[tuple[str, str, str, int]]:
    result = scan(lake / "bronze" / "customers", [lake / "silver"])
    assert result.exit_code == (LEAK if result.hits else CLEAN)
    return [(place.kind, place.file, place.column, count) for place, count in sorted(result.hits.items())]


def _parquet(path: Path, column: pa.Array | pa.ChunkedArray, name: str = "payload") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table({"id": pa.array(range(len(column))), name: column}), path)


def test_a_clean_lake_passes(lake: Path) -> None:
    assert _scan(lake) == []


def test_only_telling_values_are_searched_for(lake: Path) -> None:
    assert read_clear_values(lake / "bronze", load_contract()) == {
        "cpf": {CPF, ZEROS_CPF},
        "email": {EMAIL.lower()},
        "credit_card_number": {CARD},
    }


def test_identifiers_in_other_columns_are_searched_for_too(lake: Path) -> None:
    bronze = lake / "bronze" / "customers" / "part-1.parquet"
    rows = {
        "customer_id": ["111.444.777-35", "39053344705", "4012888888881881"],  # as a CPF, or a number like any other
        "first_name": ["Bia bia@example.com (ela)", "52998224724", "@"],
        "product": ["5105105105105100 e 7891000100103", "123.456.789-09", "356938035643809"],
        "total_amount": ["4222222222222.00", "93541134780", "10.00"],
    }
    pq.write_table(pa.table(rows), bronze)
    assert read_clear_values(bronze.parent, load_contract()) == {
        "cpf": {CPF, ZEROS_CPF, "111.444.777-35", "123.456.789-09", "93541134780"},
        "email": {EMAIL.lower(), "bia@example.com"},
        "credit_card_number": {CARD, "5105105105105100", "4222222222222"},
    }


def test_numbers_are_searched_for_bare_and_punctuated() -> None:
    contract = load_contract()
    for written in ([CPF], [CPF_DIGITS], [CPF, CPF_DIGITS]):
        assert sorted(patterns_of(contract.column("cpf"), written)) == sorted([CPF, CPF_DIGITS])
    assert set(patterns_of(contract.column("cpf"), {"529982247-25"})) == {CPF, CPF_DIGITS, "529982247-25"}
    assert set(patterns_of(contract.column("credit_card_number"), {CARD_DIGITS})) == {
        CARD,
        CARD_DIGITS,
        "4111-1111-1111-1111",
    }
    assert set(patterns_of(contract.column("email"), {"ana@example.com"})) == {"ana@example.com"}


_ESCAPED = EMAIL.replace("@", "\\u0040")
_PLANTS: dict[str, tuple[str, bytes]] = {
    "delta log statistics": (
        "customers/_delta_log/00000000000000000001.json",
        json.dumps({"add": {"stats": json.dumps({"minValues": {"cpf": CPF_DIGITS}})}}).encode(),
    ),
    "delta log predicate": (
        "customers/_delta_log/00000000000000000002.json",
        b'{"commitInfo":{"operationParameters":{"predicate":"[\\"(cpf#1 = 52998224725)\\"]"}}}',
    ),
    "checksum file": ("customers/_delta_log/00000000000000000001.crc", f'{{"histogram":"{EMAIL.upper()}"}}'.encode()),
    "jsonl": ("export/rows.jsonl", f'{{"n":1}}\n{{"e":"{_ESCAPED}"}}\n'.encode()),
    "csv": ("export/rows.csv", f"1;{CARD_DIGITS};x\n".encode()),
    "html": ("report.html", f"<td>{CPF}</td>".encode()),
    "html entity": ("report.html", f"<td>{EMAIL.replace('@', '&#64;')}</td>".encode()),
    "url": ("report.html", f"<a href='?e={EMAIL.replace('@', '%40')}'>".encode()),
    "log text": ("run.log", f"ERROR: cannot merge {CPF}: twice\n".encode()),
    "utf-16": ("run.txt", f"cpf {CPF}".encode("utf-16")),
    "latin-1": ("run.txt", f"São cliente {CPF}".encode("latin-1")),
    "binary": ("blob.bin", b"\x00\xff\xfe" + CARD.encode() + b"\x00"),
    "gzip": ("run.log.gz", gzip.compress(f"... {EMAIL} ...".encode())),
    "gzip without the name": ("run.old", gzip.compress(CPF_DIGITS.encode())),
}


@pytest.mark.parametrize("plant", _PLANTS.values(), ids=_PLANTS.keys())
def test_a_leak_in_any_text_is_found_where_it_is(lake: Path, plant: tuple[str, bytes]) -> None:
    name, content = plant
    path = lake / "silver" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    assert _scan(lake) == [("silver", name, "", 1)]


_STRUCT = pa.struct([("who", pa.struct([("cpf", pa.string())])), ("n", pa.int32())])
_COLUMNS: dict[str, tuple[Callable[[], pa.Array], str]] = {
    "string": (lambda: pa.array(["x", CPF]), "payload"),
    "text around": (lambda: pa.array([f'{{"cpf":"{CPF_DIGITS}","n":1}}']), "payload"),
    "dictionary": (lambda: pa.array([EMAIL, EMAIL.lower()]).dictionary_encode(), "payload"),
    "struct": (lambda: pa.array([{"who": {"cpf": CPF}, "n": 1}, None], _STRUCT), "payload.who.cpf"),
    "list of structs": (lambda: pa.array([[{"who": {"cpf": CPF}, "n": 1}], []], pa.list_(_STRUCT)), "payload.who.cpf"),
    "map": (lambda: pa.array([[("a", CARD)]], pa.map_(pa.string(), pa.string())), "payload.value"),
    "map key": (lambda: pa.array([[(CARD, "a")]], pa.map_(pa.string(), pa.string())), "payload.key"),
    "binary": (lambda: pa.array([CPF.encode()], pa.binary()), "payload"),
    "integer": (lambda: pa.array([int(CPF_DIGITS)], pa.int64()), "payload"),
    "float": (lambda: pa.array([float(CPF_DIGITS), float("nan"), float("inf")]), "payload"),
    "decimal": (lambda: pa.array([int(CPF_DIGITS)]).cast(pa.decimal128(20, 0)), "payload"),
}


@pytest.mark.parametrize("case", _COLUMNS.values(), ids=_COLUMNS.keys())
def test_a_leak_in_any_parquet_column_is_found_by_its_name(
    lake: Path, case: tuple[Callable[[], pa.Array], str]
) -> None:
    make, leaf = case
    path = lake / "silver" / "quarantine" / "_change_data" / "cdc-0.parquet"
    _parquet(path, make())
    found = _scan(lake)
    assert ("quarantine", "quarantine/_change_data/cdc-0.parquet", leaf) in [hit[:3] for hit in found]
    assert {hit[0] for hit in found} == {"quarantine"}


def test_leading_zeros_lost_in_a_number_are_put_back(lake: Path) -> None:
    pq.write_table(pa.table({"cpf": [12345678909, 1234567890]}), lake / "silver" / "customers" / "part-1.parquet")
    pq.write_table(pa.table({"cpf": ["01234567890"]}), lake / "bronze" / "customers" / "part-1.parquet")
    assert _scan(lake) == [("silver", "customers/part-1.parquet", "cpf", 1)]


def test_parquet_metadata_is_searched_too(lake: Path) -> None:
    table = pa.table({"n": [1]}).replace_schema_metadata({"comment": f"example: {CPF}"})
    pq.write_table(table, lake / "silver" / "customers" / "part-1.parquet")
    assert [hit[2] for hit in _scan(lake)] == ["(footer)"]


def test_a_value_in_a_path_is_found_and_not_repeated(lake: Path) -> None:
    folder = lake / "silver" / "by_mail" / f"email={EMAIL.replace('@', '%40')}"
    _parquet(folder / "part-0.parquet", pa.array(["x"]))
    assert _scan(lake) == [("silver", "by_mail/email=***/part-0.parquet", "(path)", 1)]


@pytest.mark.parametrize("text", [f"9{CPF_DIGITS}", f"{CPF_DIGITS}0", f"a{CPF_DIGITS}", f"x{EMAIL}", f"{EMAIL}z"])
def test_a_part_of_a_longer_word_is_no_hit(lake: Path, text: str) -> None:
    (lake / "silver" / "a.log").write_text(f"{text}\n")
    assert _scan(lake) == []


def test_a_value_across_two_blocks_is_found(lake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_texts, "BLOCK", 1000)
    for before in (990, 995, 1990, 2995):
        (lake / "silver" / f"{before}.html").write_text("." * before + CPF + "." * 5000)
    (lake / "silver" / "lines.log").write_text("".join(f"line {n}\n" for n in range(500)) + CPF)
    assert {hit[1] for hit in _scan(lake)} == {"990.html", "995.html", "1990.html", "2995.html", "lines.log"}


def test_patterns_in_portions_find_the_same(lake: Path) -> None:
    text = f"{CPF} {CARD_DIGITS} {EMAIL} {ZEROS_CPF}"
    values = read_clear_values(lake / "bronze", load_contract())
    whole, small = list(searchers(load_contract(), values)), list(searchers(load_contract(), values, portion=2))
    assert (len(whole), len(small)) == (1, 4)  # 2 + 2 of the CPFs, 1 of the e-mail, 3 of the card
    assert sum(len(list(s.spans(text))) for s in small) == len(list(whole[0].spans(text))) == 4


def test_a_letter_that_grows_in_lower_case_moves_no_boundary() -> None:
    assert list(Searcher.of(["ana@example.com"]).spans("İİ ANA@example.com")) != []
    assert list(Searcher.of(["ana@example.com"]).spans("İİ xANA@example.com")) == []


def test_logs_and_reports_are_kinds_of_their_own(lake: Path) -> None:
    for kind in ("logs", "report"):
        (lake / kind).mkdir()
        (lake / kind / "a.txt").write_text(CPF)
    result = scan(lake / "bronze" / "customers", [lake / "silver", lake / "logs", lake / "report" / "a.txt"])
    assert sorted(place.kind for place in result.hits) == ["a.txt", "logs"]


def test_an_empty_bronze_is_no_proof(lake: Path, capsys: pytest.CaptureFixture[str]) -> None:
    empty = lake / "nothing"
    empty.mkdir()
    assert main(["--bronze", str(empty), "--scan", str(lake / "silver")]) == NO_PROOF
    assert "no proof" in capsys.readouterr().out


def test_nothing_to_scan_is_no_proof(lake: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (lake / "empty").mkdir()
    bronze = str(lake / "bronze" / "customers")
    assert main(["--bronze", bronze, "--scan", str(lake / "empty")]) == NO_PROOF
    assert main(["--bronze", bronze, "--scan", str(lake / "missing")]) == NO_PROOF
    assert "missing does not exist" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["broken.parquet", "broken.log.gz"])
def test_a_file_that_cannot_be_decoded_is_no_proof(lake: Path, name: str) -> None:
    content = b"PAR1 not really PAR1" if name.endswith("parquet") else gzip.compress(b"x" * 10_000)[:20]
    (lake / "silver" / name).write_bytes(content)
    result = scan(lake / "bronze" / "customers", [lake / "silver"])
    assert list(result.unreadable) == [f"silver/{name}"]
    assert result.exit_code == NO_PROOF


def test_the_command_tells_where_but_never_what(lake: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (lake / "silver" / "a.log").write_text(f"{CPF} {EMAIL}")
    _parquet(lake / "silver" / "t" / "p.parquet", pa.array([CARD]), name="card_masked")
    out = lake / "result.json"
    arguments = ["--bronze", str(lake / "bronze" / "customers"), "--scan", str(lake / "silver"), "--json", str(out)]
    assert main(arguments) == LEAK
    said = capsys.readouterr().out + out.read_text()
    assert "LEAK 2 in silver: a.log" in said and "column card_masked" in said
    for value in (CPF, CPF_DIGITS, EMAIL, CARD, CARD_DIGITS):
        assert value.lower() not in said.lower()
    assert json.loads(out.read_text())["verdict"] == "leak"


def test_a_clean_lake_exits_with_zero(lake: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--bronze", str(lake / "bronze" / "customers"), "--scan", str(lake / "silver")]) == CLEAN
    assert "clean" in capsys.readouterr().out
