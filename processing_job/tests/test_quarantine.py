"""Quarantine keeps no conflict that silver has settled, and no row that silver holds, whatever became of the run."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from history_kit import append_to_bronze
from lake_kit import SmallLake, record

from etl_customers.errors import WrittenMeanwhile
from etl_customers.job import Job
from etl_customers.modules.silver import load

_CONTRACTS = Path(__file__).parents[2] / "contracts"
_AT, _LATER = "2025-04-01T12:00:00Z", "2025-04-02T12:00:00Z"


class _Killed(BaseException):
    """Not one that the job would catch."""


def _arrive(lake: SmallLake, *versions: tuple[str, str, str]) -> None:
    """Versions of one purchase (source, amount, time), in bronze as its load leaves them."""
    rows: list[dict[str, str | None]] = []
    for source, amount, at in versions:
        batch = f"{at[:10]}-{amount}"
        own = {"_source": source, "_batch_id": f"{source}/{batch}", "_row_hash": amount}
        file = {"_source_file": f"/raw/{source}/customers/batch={batch}/part-00000.jsonl"}
        rows.append({**record(1, total_amount=amount, updated_at=at), **own, **file})
    append_to_bronze(lake.job(), rows)


def _open(job: Job) -> list[str]:
    return sorted(row["total_amount"] for row in job.quarantine.read().collect())


def _silver(job: Job) -> list[str]:
    return [str(row["total_amount"]) for row in job.purchases.read().collect()]


def test_a_newer_version_settles_what_a_killed_first_load_left(
    lake: SmallLake, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: Any) -> None:
        raise _Killed

    _arrive(lake, ("api", "2.00", _AT), ("api", "3.00", _AT))
    monkeypatch.setattr(load, "write_purchases", die)
    with pytest.raises(_Killed):
        lake.run_purchases()
    monkeypatch.undo()
    job = lake.job()
    assert len(_open(job)) == 1 and not _silver(job)
    _arrive(lake, ("api", "9.00", _LATER))
    assert lake.run_purchases().totals() == {"read": 3, "written": 1, "duplicate": 0, "stale": 2, "quarantined": 0}
    assert (_silver(job), _open(job)) == (["9.00"], [])
    versions = lake.job().purchases.version(), job.quarantine.version()
    lake.run_purchases()
    assert (job.purchases.version(), job.quarantine.version()) == versions


def test_a_run_that_another_overtook_leaves_no_conflict_that_is_none(
    lake: SmallLake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """First between what silver held and the writing, then amid the writing, when nothing else can tell."""
    _arrive(lake, ("api", "2.00", _AT))
    lake.run_purchases()
    job = lake.job()
    _arrive(lake, ("database", "5.00", _AT), ("api", "3.00", _AT))
    with pytest.raises(WrittenMeanwhile):
        _overtaken(lake, monkeypatch, "count_outcomes", ("api", "9.00", _LATER))
    assert (_silver(job), _open(job), job.quarantine.version()) == (["9.00"], [], 0)
    _arrive(lake, ("database", "7.00", _LATER), ("api", "8.00", _LATER))
    with pytest.raises(WrittenMeanwhile):
        _overtaken(lake, monkeypatch, "write_quarantine", ("api", "10.00", "2025-04-03T12:00:00Z"))
    assert _silver(job) == ["10.00"]
    assert _open(job) == ["8.00", "9.00"], "of the versions that silver held when the run began"
    assert lake.run_purchases().total("read") == 0
    assert (_silver(job), _open(job)) == (["10.00"], [])


def _overtaken(lake: SmallLake, monkeypatch: pytest.MonkeyPatch, at: str, *newer: tuple[str, str, str]) -> None:
    """A run of silver during which, at that step, newer versions arrive and another run takes everything."""
    step = getattr(load, at)

    def overtake(*given: Any) -> Any:
        monkeypatch.undo()
        _arrive(lake, *newer)
        lake.run_purchases()
        return step(*given)

    monkeypatch.setattr(load, at, overtake)
    lake.run_purchases()


def test_what_is_accepted_by_a_corrected_contract_leaves_quarantine(lake: SmallLake) -> None:
    """Where rows are judged again, as silver was restored."""
    row = record(1, store_location="Loja Nova", total_amount="1.00")
    own = {"_source": "api", "_batch_id": "api/b", "_source_file": "/raw/api/customers/batch=b/part-00000.jsonl"}
    append_to_bronze(lake.job(), [{**row, **own, "_row_hash": "1"}, {**row, **own, "_row_hash": "2", "cpf": "1"}])
    assert lake.run_purchases().total("quarantined") == 2
    lake.contract_path = _with_store(lake.root / "contract", "Loja Nova")
    lake.job().purchases.delta().restoreToVersion(0)
    assert lake.run_purchases().totals() == {"read": 2, "written": 1, "duplicate": 0, "stale": 0, "quarantined": 1}
    job = lake.job()
    assert _silver(job) == ["1.00"]
    assert [row["_row_hash"] for row in job.quarantine.read().collect()] == ["2"], "its CPF is as wrong as before"


def _with_store(folder: Path, alias: str) -> Path:
    """A contract that knows a store by one name more."""
    shutil.copytree(_CONTRACTS, folder)
    stores = yaml.safe_load((folder / "stores.yaml").read_text(encoding="utf-8"))
    stores["stores"][0].setdefault("aliases", []).append(alias)
    (folder / "stores.yaml").write_text(yaml.safe_dump(stores, allow_unicode=True), encoding="utf-8")
    return folder / "customers.odcs.yaml"
