"""Content and settings that must not break the job, or must stop it before anything is written."""

from __future__ import annotations

import secrets

import pytest
from fault_page import Seen
from lake_kit import SmallLake, record

from etl_customers.errors import TokenKeyDiffers
from etl_customers.job import Job, Layer
from etl_customers.privacy.key_mark import PROPERTY

_FIELDS = 100_000


def test_another_token_key_is_refused(lake: SmallLake, seen: Seen) -> None:
    lake.put("database", record(1), record(2))
    lake.run()
    versions, key = lake.versions(), (lake.root / "token.key").read_text(encoding="utf-8")
    lake.put("database", record(3))
    with pytest.raises(TokenKeyDiffers, match="made with the token key k1, not with k2"):
        Job(lake.settings.model_copy(update={"token_key_id": "k2"}), "other-id").run(Layer.ALL)
    (lake.root / "token.key").write_text(secrets.token_hex(32), encoding="utf-8")
    with pytest.raises(TokenKeyDiffers, match="is not the key k1"):
        lake.run()
    assert lake.versions() == versions
    (lake.root / "token.key").write_text(key, encoding="utf-8")
    assert lake.run_to_silver().counts.totals()["written"] == 1
    seen("another token key, under the same id and under another", "exit code 78, twice; no new version of any table")


def test_silver_of_a_release_that_marked_no_key_is_marked(lake: SmallLake) -> None:
    lake.put("database", record(1))
    lake.run_to_silver()
    purchases = lake.job().purchases
    marked = purchases.properties()[PROPERTY]
    purchases.spark.sql(f"ALTER TABLE {purchases.address.sql} UNSET TBLPROPERTIES ('{PROPERTY}')")
    lake.put("database", record(2))
    lake.run_to_silver()
    assert purchases.properties()[PROPERTY] == marked


def test_odd_content(lake: SmallLake, seen: Seen) -> None:
    wide = {f"field_{number}": "x" for number in range(_FIELDS)}
    lake.put("database", record(1, product="Ca\0fé"), record(2, **wide), record(3))
    lake.put_csv(record(4, product="Ca\0fé"), record(5))
    counts = lake.run_to_silver().counts.totals()
    rows = {row["customer_id"]: row for row in lake.job().bronze.read().collect()}
    assert len(rows["C2"]["_rescued_data"]) > 10 * _FIELDS
    assert counts["read"] == len(rows) == 5
    assert counts["written"] + counts["quarantined"] == 5
    assert {row["product"] for row in lake.job().purchases.read().collect()} == {"Ca fé", "Café"}
    told = f"{counts['read']} rows in bronze; {counts['written']} written, {counts['quarantined']} quarantined"
    seen("NUL bytes in texts, a record of 100,000 unknown fields", told)
