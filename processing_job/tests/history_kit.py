"""Random histories of purchases: small batches over the three sources, as bronze holds them. Seeded."""

from __future__ import annotations

import hashlib
import json
import random
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml
from lake_kit import CPFS

from etl_customers.job import Job
from etl_customers.utils.progress import Commit

CONTRACTS = Path(__file__).parents[2] / "contracts"
_SOURCES = ("database", "api", "csv")
_STORES = ("São Paulo - Paulista", "SP - Paulista", "campinas", "RJ – Copacabana", None)
_DAYS = ("2025-03-01", "2025-03-31", "2025-04-01", None)
_AMOUNTS = ("10.50", "999.99", "1000.00", "US$ 7.25", "0.01", None)
_FIRST_NAMES = ("Ana", "ANA", "Ána", "Bruno", None)
_START = datetime(2025, 5, 1, tzinfo=UTC)
Row = dict[str, str | None]


class History:
    """Draws rounds of bronze rows. Each round mixes what may happen to a purchase."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._newest: dict[str, Row] = {}
        self._rows = 0

    def round(self, size: int = 12) -> list[Row]:
        """The rows of one round."""
        happenings = (self._new, self._newer, self._stale, self._again, self._contradicting, self._invalid)
        return [self._random.choices(happenings, (4, 3, 2, 2, 1, 1))[0]() for _ in range(size)]

    def shuffled(self, rows: list[Row]) -> list[Row]:
        """The same rows in another order."""
        return self._random.sample(rows, len(rows))

    def pick(self, values: list[Any]) -> Any:
        """One of `values`."""
        return self._random.choice(sorted(values))

    def _new(self) -> Row:
        row = self._drawn(f"P{len(self._newest) + 1}", self._random.randrange(5))
        self._newest[str(row["purchase_id"])] = row
        return self._from_any_source(row)

    def _newer(self) -> Row:
        known = self._known()
        row = self._drawn(str(known["purchase_id"]), _minute(known) + 1 + self._random.randrange(3))
        self._newest[str(row["purchase_id"])] = row  # may have moved to another store, month, customer or currency
        return self._from_any_source(row)

    def _stale(self) -> Row:
        known = self._known()
        return self._from_any_source(self._drawn(str(known["purchase_id"]), _minute(known) - 1))

    def _again(self) -> Row:
        return self._from_any_source(self._known())

    def _contradicting(self) -> Row:
        known = self._known()
        return self._from_any_source(known | {"total_amount": "77.00"})

    def _invalid(self) -> Row:
        return self._from_any_source(self._drawn("P0", 0) | {"cpf": "12345678900"})

    def _known(self) -> Row:
        if not self._newest:
            self._new()  # one that no source has delivered yet
        return self._newest[self._random.choice(sorted(self._newest))]

    def _drawn(self, purchase_id: str, minute: int) -> Row:
        choose = self._random.choice
        return {
            "customer_id": f"C{choose('123')}",
            "cpf": choose((*CPFS[:3], None)),
            "first_name": choose(_FIRST_NAMES),
            "last_name": "Souza",
            "email": choose((f"ana{minute}@example.com", "bruno@example.org", None)),
            "credit_card_number": choose(("4111 1111 1111 1111", "5555555555554444", None)),
            "purchase_date": choose(_DAYS),
            "total_amount": choose(_AMOUNTS),
            "product": "Café",
            "store_location": choose(_STORES),
            "purchase_id": purchase_id,
            "updated_at": (_START + timedelta(minutes=minute)).isoformat(),
        }

    def _from_any_source(self, row: Row) -> Row:
        source = self._random.choice(_SOURCES)
        self._rows += 1
        written = _as_csv(row) if source == "csv" else row
        content = hashlib.sha256(json.dumps(written, sort_keys=True).encode()).hexdigest()
        file = f"/raw/{source}/customers/batch={self._rows:04d}/part-00000"
        own = {"_source": source, "_batch_id": f"{source}/{self._rows:04d}", "_source_file": file, "_row_hash": content}
        return written | own


def _minute(row: Row) -> int:
    return int((datetime.fromisoformat(str(row["updated_at"])) - _START).total_seconds()) // 60


def _as_csv(row: Row) -> Row:
    """As the csv source's contract has it: Brazilian dates and amounts, times in São Paulo (UTC-3)."""
    day, amount, at = row["purchase_date"], row["total_amount"], datetime.fromisoformat(str(row["updated_at"]))
    return row | {
        "purchase_date": day and datetime.fromisoformat(day).strftime("%d/%m/%Y"),
        "total_amount": amount if amount is None or "$" in amount else amount.replace(".", ","),
        "updated_at": (at - timedelta(hours=3)).strftime("%d/%m/%Y %H:%M:%S"),
    }


def contract_without_need_of_cpf(folder: Path) -> Path:
    """The shipped contract, but a purchase need not tell whose it is."""
    document = yaml.safe_load((CONTRACTS / "customers.odcs.yaml").read_text(encoding="utf-8"))
    (cpf,) = [each for each in document["schema"][0]["properties"] if each["name"] == "cpf"]
    cpf["required"] = False
    shutil.copy(CONTRACTS / "stores.yaml", folder)
    path = folder / "customers.odcs.yaml"
    path.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    return path


def append_to_bronze(job: Job, rows: list[Row]) -> None:
    """Put rows where a bronze load would have put them; the stream from raw has tests of its own."""
    names = job.bronze.schema.fieldNames()
    now = datetime.now(UTC)
    filled = [tuple({"_ingested_at": now, "_run_id": job.run_id, **row}.get(name) for name in names) for row in rows]
    job.bronze.ensure().append(job.spark.createDataFrame(filled, job.bronze.schema), Commit(job.run_id, {}))
