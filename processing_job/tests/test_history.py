"""Random histories: the golden record and gold, kept up by changes, equal a full rebuild row by row after each round.

HISTORY_SEEDS="1 2 3" and HISTORY_ROUNDS=5 (with one round more after the deletes) search further than a test run has
time for.
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from decimal import Decimal
from typing import Any

import pytest
from history_kit import History, Row, append_to_bronze, contract_without_need_of_cpf
from lake_kit import SmallLake, assert_kept_up_as_from_nothing, rows_of

from etl_customers.job import Job, Layer

SEEDS = [int(seed) for seed in os.environ.get("HISTORY_SEEDS", "1").split()]
ROUNDS = int(os.environ.get("HISTORY_ROUNDS", "2"))
_ARRIVAL = ("_ingested_at", "_run_id")


@pytest.mark.parametrize("seed", SEEDS)
def test_tables_kept_up_by_changes_equal_a_full_rebuild(
    lake: SmallLake, all_is_large: None, tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    history = History(seed)
    lake.contract_path = contract_without_need_of_cpf(lake.root)
    arrived: list[Row] = []
    for number in range(ROUNDS):
        rows = history.round()
        arrived += rows
        job = _process(lake, rows)
        if number > 0:  # the first round is a full build
            _check(job)
    at_once = SmallLake(tmp_path_factory.mktemp("at_once"))
    at_once.contract_path = lake.contract_path
    (at_once.root / "token.key").write_bytes((lake.root / "token.key").read_bytes())
    assert _content(_process(at_once, history.shuffled(arrived))) == _content(lake.job()), "order of arrival"
    _erase(lake.job(), history)
    _check(_process(lake, []))
    if ROUNDS > 2:
        _check(_process(lake, history.round()))


def _process(lake: SmallLake, rows: list[Row]) -> Job:
    job = lake.job()
    if rows:
        append_to_bronze(job, rows)
    counts = job.run(Layer.SILVER).counts.totals()
    assert counts["read"] == len(rows) == sum(n for outcome, n in counts.items() if outcome != "read")
    job.run(Layer.GOLD)
    return job


def _erase(job: Job, history: History) -> None:
    """Remove one customer, as an erasure does, and one purchase of another."""
    held = {row["purchase_key"]: row["cpf_token"] for row in job.purchases.read().collect()}
    customer = history.pick(list(set(filter(None, held.values()))))
    job.purchases.delta().delete(f"cpf_token = '{customer}'")
    purchase = history.pick([key for key, token in held.items() if token != customer])
    job.purchases.delta().delete(f"purchase_key = '{purchase}'")


def _content(job: Job) -> dict[str, list[str]]:
    """All rows of all tables but what arrival decides.

    In quarantine that is also how many copies of a version that lost a conflict are kept (decision 1), not which.
    """
    found = {table.name: rows_of(table.read().drop(*_ARRIVAL)) for table in job.tables()}
    versions = job.quarantine.read().select("purchase_key", "_event_at", "_errors", "cpf", "total_amount")
    return found | {job.quarantine.name: rows_of(versions.distinct())}


def _check(job: Job) -> None:
    assert_kept_up_as_from_nothing(job)
    _check_sums(job, [row.asDict() for row in job.purchases.read().collect()])


def _check_sums(job: Job, purchases: list[dict[str, Any]]) -> None:
    """The same sums over silver's rows in plain Python, which knows nothing of the tables' aggregates."""
    months: dict[tuple, list] = defaultdict(lambda: [0, Decimal(0)])
    revenue: dict[tuple, Decimal] = defaultdict(Decimal)
    for row in purchases:
        amount = row["total_amount"] or Decimal(0)
        month = row["purchase_date"] and row["purchase_date"].replace(day=1)
        group = months[row["store_id"], month, row["currency"]]
        group[0], group[1] = group[0] + 1, group[1] + amount
        revenue[row["cpf_token"], row["currency"]] += amount
    monthly = {
        (row["store_id"], row["month"], row["currency"]): [row["total_purchases"], row["total_revenue"]]
        for row in job.monthly.table.read().collect()
    }
    assert monthly == dict(months)
    of_customer = Counter(row["cpf_token"] for row in purchases)
    known = {row["cpf_token"]: row["purchases"] for row in job.customers.table.read().collect()}
    assert known == {token: count for token, count in of_customer.items() if token}, "nobody's purchases make no person"
    in_gold = job.customer_360.table.read().collect()
    assert {row["cpf_token"]: row["purchases"] for row in in_gold} == dict(of_customer)
    assert [row["email_domain"] for row in in_gold if row["cpf_token"] is None] == [None]
    for row in in_gold:
        found = (row["total_revenue_brl"], row["total_revenue_usd"])
        assert found == (revenue[row["cpf_token"], "BRL"], revenue[row["cpf_token"], "USD"])
    per_store = job.per_store.table.read().collect()
    assert sum(row["purchases"] for row in per_store) == len(purchases)
