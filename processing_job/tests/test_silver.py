"""Bronze to silver: every row has one fate, whatever the order of arrival; nothing sensitive gets through."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from lake_kit import CPFS, SmallLake, record, rows_of, vacuum_now

from etl_customers.errors import ReconciliationFailed
from etl_customers.job import Layer
from etl_customers.modules.silver.counts import SilverCounts, SourceCounts
from etl_customers.utils.lake_table import LakeTable


def _reasons(counts: SilverCounts, source: str) -> dict[str, int]:
    return counts.sources[source].reasons


def test_each_fault_is_quarantined_with_its_reason_and_masked(lake: SmallLake) -> None:
    lake.put(
        "database",
        record(1),
        record(2, cpf="5299822472"),
        record(3, cpf="11111111111"),
        record(4, cpf="52998224724"),
        record(5, email="nobody"),
        record(6, total_amount="abc"),
        record(7, total_amount="-5.00"),
        record(8, purchase_date="2025-02-31"),
        record(9, store_location="Atlantis"),
        record(10, customer_id=None),
        record(11, cpf="  "),
        record(12, first_name="Ana 529.982.247-25", cpf="52998224725"),
        record(13, purchase_date="2999-01-01"),
        record(14, credit_card_number="4111111111111112", email="bad@"),
        {},
        record(16, loyalty="gold"),
        record(17, email=None, credit_card_number=None, product=None, store_location=None, total_amount=None),
        # In the wrong column, and the proper one is empty or holds something else.
        record(21, credit_card_number=None, product="4111 1111 1111 1111"),
        record(22, cpf="Ana", first_name="529.982.247-25"),
        record(23, email=None, last_name="ana.souza@example.com.br"),
        record(24, cpf="52998224725", total_amount="52998224725"),
        record(25, credit_card_number=None, total_amount="4111111111111111.00"),
        record(26, customer_id="529.982.247-25", cpf="11144477735"),
        record(27, cpf="1", purchase_date="de 11144477735"),
        record(30, cpf=None, customer_id="39053344705", purchase_id="P30"),
        # No identifiers: a bar code, numbers whose check digits are wrong, a source's own number that passes for a CPF.
        record(28, customer_id="39053344705", cpf=CPFS[2], product="7891000100103 52998224724 4111111111111112 @"),
        record(29, cpf=CPFS[2], total_amount="12345678.00"),
        record(31, total_amount="€ 31.00"),
    )
    lake.put_text("api", '{"customer_id": "C20", "cpf": "529', 1)
    result = lake.run()
    assert result.counts.totals() == {"read": 29, "written": 5, "duplicate": 0, "stale": 0, "quarantined": 24}
    assert _reasons(result.counts, "api") == {"CORRUPT_RECORD": 1}
    assert _reasons(result.counts, "database") == {
        "CPF_LENGTH (cpf)": 2,
        "CPF_REPEATED_DIGIT (cpf)": 1,
        "CPF_CHECK_DIGITS (cpf)": 1,
        "EMAIL_INVALID (email)": 2,
        "AMOUNT_INVALID (total_amount)": 1,
        "AMOUNT_BELOW_MINIMUM (total_amount)": 1,
        "CURRENCY_UNKNOWN (total_amount)": 1,
        "DATE_INVALID (purchase_date)": 2,
        "DATE_IN_FUTURE (purchase_date)": 1,
        "STORE_UNKNOWN (store_location)": 1,
        "IDENTIFIER_IN_TEXT (first_name)": 2,
        "IDENTIFIER_IN_TEXT (last_name)": 1,
        "IDENTIFIER_IN_TEXT (product)": 1,
        "IDENTIFIER_IN_TEXT (total_amount)": 2,
        "IDENTIFIER_IN_TEXT (customer_id)": 2,
        "CPF_CHARACTERS (cpf)": 1,
        "CARD_CHECK_DIGIT (credit_card_number)": 1,
        "MISSING (customer_id)": 2,
        "MISSING (cpf)": 3,
    }
    job = lake.job()
    quarantine = {row["customer_id"]: row for row in job.quarantine.read().collect()}
    assert quarantine["C4"]["cpf"] == "***********"
    assert quarantine["C12"]["first_name"] == "***"
    assert (quarantine["C6"]["total_amount"], quarantine["C31"]["total_amount"]) == ("abc", "€ 31.00")
    assert {quarantine[at]["total_amount"] for at in ("C24", "C25")} == {"***"}
    assert quarantine["C27"]["purchase_date"] == "***"
    assert quarantine["C5"]["_batch_id"].startswith("database/")
    bronze = {row["_row_hash"] for row in job.bronze.read().collect()}
    assert {row["_row_hash"] for row in quarantine.values()} <= bronze
    silver = {row["customer_id"]: row for row in job.purchases.read().collect()}
    assert set(silver) == {"C1", "C16", "C17", "39053344705", "C29"}
    assert silver["C1"]["cpf"] == "********" + CPFS[1][-3:]
    assert silver["C1"]["email"] == "a***@example.com.br"
    assert silver["C1"]["credit_card_number"] == "************1111"
    assert (silver["C1"]["store_id"], silver["C1"]["currency"]) == ("SP-001", "BRL")
    assert len(silver["C1"]["cpf_token"]) == 64 and silver["C1"]["token_key_id"] == "k1"
    shown = "".join(rows_of(job.quarantine.read()) + rows_of(job.purchases.read()))
    hidden = ("52998224725", "529.982.247-25", "11144477735", "4111 1111", "4111111111111111", "ana.souza")
    assert not [value for value in hidden if value in shown]
    _no_clear_value(
        lake.root,
        ["52998224725", "11144477735", "ana.souza", "4111111111111111", "4111 1111 1111 1111", "529.982.247-25"],
    )


def test_either_format_is_the_same_row_and_a_second_run_changes_nothing(lake: SmallLake) -> None:
    rows = [record(1, product='a "b",\nc'), record(2), record(2), record(3, cpf="1"), record(3, cpf="1")]
    lake.put("database", *rows)
    lake.put_copied("database", *rows)  # would be a conflict, not a duplicate, if silver took it for another version
    first = lake.run()
    assert first.counts.totals() == {"read": 10, "written": 2, "duplicate": 4, "stale": 0, "quarantined": 4}
    versions = lake.versions()
    again = lake.run()
    assert again.counts.totals()["read"] == 0 and again.gold_rows == 0
    assert lake.versions() == versions
    by_json, by_csv = (row.asDict() for row in lake.job().quarantine.read().collect())
    assert by_json["_occurrences"] == by_csv["_occurrences"] == 2
    of_the_file = {"_source_file", "_batch_id", "_ingested_at"}
    assert {name for name in by_json if by_json[name] != by_csv[name]} <= of_the_file


VERSIONS = {
    "old": ("api", record(1, updated_at="2025-04-01T10:00:00Z", total_amount="1.00")),
    "new": ("api", record(1, updated_at="2025-04-01T12:00:00Z", total_amount="2.00")),
    "same": ("database", record(1, updated_at="2025-04-01T12:00:00+00:00", total_amount="2.00")),
    "contradicts": ("api", record(1, updated_at="2025-04-01T12:00:00Z", total_amount="3.00")),
}


#: What arrives in each run, the newest versions first.
ORDERS = ((("contradicts",), ("same",), ("new", "old")),)


def test_any_order_of_arrival_ends_in_the_same_silver(tmp_path: Path) -> None:
    at_once = SmallLake(tmp_path / "at_once")
    for source in ("api", "database"):
        at_once.put(source, *(item for of, item in VERSIONS.values() if of == source))
    counts = at_once.run().counts
    assert counts.totals() == {"read": 4, "written": 1, "duplicate": 1, "stale": 1, "quarantined": 1}
    one_by_one = [SmallLake(tmp_path / str(number)) for number in range(len(ORDERS))]
    for lake, order in zip(one_by_one, ORDERS, strict=True):
        assert sum(_take(lake, [VERSIONS[name] for name in names]) for names in order) == 4
        lake.run(Layer.GOLD)
    for where in (at_once, *one_by_one):
        job = where.job()
        (purchase,) = job.purchases.read().collect()
        (conflict,) = job.quarantine.read().collect()
        assert (str(purchase["total_amount"]), purchase["_source"]) == ("2.00", "database")
        assert (conflict["total_amount"], conflict["_errors"][0]["rule"]) == ("3.00", "KEY_CONFLICT")
        (month,) = job.monthly.table.read().collect()
        assert (month["total_purchases"], str(month["total_revenue"])) == (1, "2.00")


def _take(lake: SmallLake, versions: list[tuple[str, dict[str, str | None]]]) -> int:
    """Up to silver; returns how many rows it read."""
    for source, item in versions:
        lake.put(source, item)
    return lake.run_to_silver().counts.totals()["read"]


def test_a_newer_version_settles_an_open_conflict(lake: SmallLake) -> None:
    lake.put("api", VERSIONS["new"][1], VERSIONS["contradicts"][1])
    lake.run_to_silver()
    assert lake.job().quarantine.read().count() == 1
    lake.put("api", record(1, updated_at="2025-04-02T00:00:00Z", total_amount="9.00"))
    lake.run_to_silver()
    assert lake.job().quarantine.read().count() == 0
    assert str(lake.job().purchases.read().first()["total_amount"]) == "9.00"


def test_a_version_that_wins_after_all_leaves_quarantine(lake: SmallLake) -> None:
    lake.put("api", VERSIONS["new"][1], VERSIONS["contradicts"][1])
    lake.run_to_silver()
    (lost,) = lake.job().quarantine.read().collect()
    lake.put("database", VERSIONS["new"][1] | {"total_amount": str(lost["total_amount"])})
    lake.run_to_silver()
    (winner,), (loser,) = lake.job().purchases.read().collect(), lake.job().quarantine.read().collect()
    assert (winner["_source"], str(winner["total_amount"])) == ("database", lost["total_amount"])
    assert {loser["total_amount"], lost["total_amount"]} == {"2.00", "3.00"}


def test_golden_customers_take_the_newest_value_of_each_field(lake: SmallLake) -> None:
    lake.put("database", record(1, cpf=CPFS[0], first_name="Ana", updated_at="2025-04-01T00:00:00Z"))
    lake.put("api", record(2, cpf=CPFS[0], first_name="Ana Maria", updated_at="2025-05-01T00:00:00Z", email=None))
    lake.run_to_silver()
    (customer,) = lake.job().customers.table.read().collect()
    assert (customer["first_name"], customer["email"]) == ("Ana Maria", "a***@example.com.br")
    assert (customer["sources"], customer["purchases"]) == (["api", "database"], 2)


def test_rows_unaccounted_for_fail_the_run(lake: SmallLake) -> None:
    lake.put("database", record(1), record(2))
    lake.run(Layer.BRONZE)
    counts = SilverCounts({"database": SourceCounts(written=1)})
    with pytest.raises(ReconciliationFailed, match="database: 2 rows in, 1 accounted for"):
        counts.check_against(lake.job().bronze.read())


def test_a_bronze_that_was_made_anew_and_a_silver_that_was_restored_are_read_again(lake: SmallLake) -> None:
    lake.put("database", record(1))
    lake.run_to_silver()
    version = lake.job().bronze.version()
    shutil.rmtree(lake.root / "bronze")
    lake.put("database", record(2))
    lake.run_to_silver()
    assert lake.job().bronze.version() == version, "by its number, it is the version that silver has read"
    assert _customers(lake) == ["C1", "C2"]
    version = lake.job().purchases.version()
    lake.put("database", record(3))
    lake.run_to_silver()
    lake.job().purchases.delta().restoreToVersion(version)
    assert _customers(lake) == ["C1", "C2"]
    _forget_changes(lake.job().bronze)
    lake.run_to_silver()
    assert _customers(lake) == ["C1", "C2", "C3"], "of bronze only the rows are left, not how they came"


def _customers(lake: SmallLake) -> list[str]:
    return sorted(row["customer_id"] for row in lake.job().purchases.read().collect())


def _forget_changes(table: LakeTable) -> None:
    table.delta().optimize().executeCompaction()
    vacuum_now(table)


def _no_clear_value(root: Path, values: list[str]) -> None:
    for layer in ("silver", "gold"):
        for path in (root / layer).rglob("*.json"):
            text = path.read_text(encoding="utf-8")
            assert not [value for value in values if value in text], path
