"""Makes the three sources' data: the same bytes for the same number of rows, seed and release of Faker.

Layout under the target directory: `database.csv` (for COPY, no header), `partner.jsonl` (what the partner's API
serves), `drop/*.csv` (what falls into the drop folder) and `expected.json` (the ledger of what was planted).
"""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

from customer_contract import load_contract

from demo.faults import spoil
from demo.ledger import Ledger
from demo.people import make_customers
from demo.plan import PairSlot, Plan, Ragged, Special, make_plan
from demo.rendering import (
    AMOUNT,
    CARD,
    CPF,
    CUSTOMER_ID,
    DATE,
    DAYS,
    EMAIL,
    FIRST_NAME,
    LAST_NAME,
    PRODUCT,
    PURCHASE_ID,
    STORE,
    UPDATE_DAYS,
    UPDATED_AT,
    Purchase,
    Renderer,
    Row,
)
from demo.shares import Fault, Pairing, Shares, SourceName

LEDGER_FILE = "expected.json"
DATABASE_FILE = "database.csv"
PARTNER_FILE = "partner.jsonl"
DROP_FOLDER = "drop"

#: Product -> price in cents of its plain model.
_GOODS = {
    **{"Cafeteira": 18990, "Liquidificador": 14990, "Ventilador": 15990, "Panela de pressão": 12990, "Rede": 8990},
    **{"Toalha": 3990, "Abajur": 7990, "Chuveiro": 9990, "Fogão": 89990, "Geladeira": 249990, "Micro-ondas": 59990},
    **{"Televisor": 189990, "Celular": 129990, "Fone de ouvido": 11990, "Mochila": 13990, "Tênis": 24990},
    **{"Camiseta": 4990, "Calça jeans": 11990, "Guarda-chuva": 3490, "Bicicleta": 119990, "Bola": 6990},
    **{"Violão": 49990, "Livro": 4490, "Cadeira": 21990, "Mesa": 69990, "Sofá": 179990, "Jogo de lençóis": 10990},
}
_MODELS = ("Clássica", "Compacta", "Pro", "Família", "Verão", "Inverno", "Edição limitada", "Básica")
_DAY_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class CsvFile:
    """One file of the drop folder; `share` is of the CSV rows."""

    name: str
    share: float
    encoding: str = "utf-8"
    line_end: str = "\n"
    extra_column: str | None = None


#: A plain file, one in Latin-1, one with a BOM as spreadsheets write it, one with a column the contract does not know.
CSV_FILES = (
    CsvFile("vendas-matriz.csv", 0.40),
    CsvFile("vendas-sul-latin1.csv", 0.25, encoding="latin-1"),
    CsvFile("vendas-nordeste-bom.csv", 0.20, encoding="utf-8-sig", line_end="\r\n"),
    CsvFile("vendas-fidelidade.csv", 0.15, extra_column="pontos_fidelidade"),
)


class Synthesizer:
    """Makes the rows of each source and counts what it plants.

    Args:
        rows: over all sources.
        seed: the same seed gives the same rows.
        shares: what is dirty, doubled or contradictory.
    """

    def __init__(self, rows: int, seed: int, shares: Shares = Shares()) -> None:
        contract = load_contract()
        self.ledger = Ledger(rows, seed)
        self.plan: Plan = make_plan(rows, shares, tuple(f.share for f in CSV_FILES), random.Random(f"plan-{seed}"))
        self._shares = shares
        self._rng = random.Random(f"rows-{seed}")
        self._customers = make_customers(
            max(1, min(shares.max_customers, int(rows * shares.customers))), seed, shares.shop_elsewhere
        )
        self._kept = bytearray(len(self._customers))
        self._stores = len(contract.stores)
        self._products = [f"{good} {model}" for good in _GOODS for model in _MODELS]
        self._prices = [price for price in _GOODS.values() for _ in _MODELS]
        self._renderer = Renderer(contract, random.Random(f"spelling-{seed}"))
        self._pairs: dict[int, Purchase] = {}
        self._serial = 0

    def rows(self, source: SourceName) -> Iterator[Row]:
        """The rows of `source` in contract order; call it once for each source, in the order of `SourceName`."""
        specials = self.plan.specials[source]
        count = self.ledger.sources[source]
        for number in range(self.plan.rows[source]):
            special = specials.get(number)
            count.rows += 1
            yield self._plain(source) if special is None else self._special(source, special)
        self.ledger.customers = sum(self._kept)

    def _purchase(self) -> tuple[int, Purchase]:
        draw = self._rng.random
        self._serial += 1
        luck = draw()
        who = int(luck * luck * len(self._customers))  # squared: a few buy often
        product = int(draw() * len(self._products))
        day = int(draw() * DAYS)
        return who, Purchase(
            purchase_id=f"P{self._serial:09d}",
            customer=self._customers[who],
            day=day,
            cents=int(self._prices[product] * (0.7 + 0.6 * draw())),
            dollars=False,
            product=self._products[product],
            store=int(draw() * draw() * self._stores),
            updated=(day + 1) * _DAY_SECONDS + 36_000 + int(draw() * (UPDATE_DAYS * _DAY_SECONDS)),
        )

    def _plain(self, source: SourceName) -> Row:
        """A clean row, with the NULLs, currencies and older e-mails that real data has."""
        who, purchase = self._purchase()
        self._kept[who] = 1
        shares, draw = self._shares, self._rng.random
        if source is not SourceName.DATABASE and draw() < shares.dollars:
            purchase.dollars = True
            self.ledger.sources[source].dollars += 1
        if source is SourceName.CSV and draw() < shares.without_purchase_id:
            purchase.purchase_id = None
        row = self._renderer.row(source, purchase)
        if source is SourceName.CSV and purchase.customer.old_email:
            row[EMAIL] = purchase.customer.old_email
        elif source is SourceName.API and purchase.customer.long_last_name:
            row[LAST_NAME] = purchase.customer.long_last_name
        luck = draw()
        if luck < shares.without_email:
            row[EMAIL] = None
        elif luck > 1 - shares.without_card:
            row[CARD] = None
        elif 0.5 < luck < 0.5 + shares.without_name:
            row[FIRST_NAME] = row[LAST_NAME] = None
        return row

    def _special(self, source: SourceName, special: Special) -> Row:
        if isinstance(special, PairSlot):
            return self._renderer.row(source, self._version(source, special))
        _, purchase = self._purchase()
        row = self._renderer.row(source, purchase)
        if isinstance(special, Ragged):
            self.ledger.sources[source].ragged += 1
            return [*row, "sobra", "sobra"]
        spoil(row, special, source, purchase.customer, self._rng)
        self.ledger.sources[source].faults[Fault(special)] += 1
        return row

    def _version(self, source: SourceName, slot: PairSlot) -> Purchase:
        """This source's version of a doubled purchase."""
        twin = self._pairs.pop(slot.pair, None)
        if twin is None:
            who, twin = self._purchase()
            self._pairs[slot.pair] = twin
            self._kept[who] = 1
        if not slot.loses:
            return twin
        self.ledger.sources[source].pairs[slot.pairing] += 1
        if slot.pairing is Pairing.DUPLICATE:
            return twin
        back = _DAY_SECONDS if slot.pairing is Pairing.STALE else 0
        return replace(twin, cents=twin.cents + 1000, updated=twin.updated - back)


def write_dataset(target: Path, rows: int, seed: int, shares: Shares = Shares()) -> Ledger:
    """Write all files of the layout above; the ledger comes last, so its presence says that the rest is whole."""
    (target / DROP_FOLDER).mkdir(parents=True, exist_ok=True)
    maker = Synthesizer(rows, seed, shares)
    with (target / DATABASE_FILE).open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(maker.rows(SourceName.DATABASE))
    with (target / PARTNER_FILE).open("w", encoding="utf-8", newline="\n") as file:
        encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
        for row in maker.rows(SourceName.API):
            file.write(encode(_partner_record(row)) + "\n")
    _write_csv_files(target / DROP_FOLDER, maker)
    ledger = json.dumps(maker.ledger.to_dict(), indent=2, ensure_ascii=False)
    (target / LEDGER_FILE).write_text(ledger + "\n", encoding="utf-8")
    return maker.ledger


def _partner_record(row: Row) -> dict[str, Any]:
    """The row as the partner nests it; `demo.partner_api.FIELD_MAP` tells the API service the way back."""
    return {
        "id": row[CUSTOMER_ID],
        "customer": {
            "document": row[CPF],
            "name": {"first": row[FIRST_NAME], "last": row[LAST_NAME]},
            "email": row[EMAIL],
        },
        "payment": {"card": row[CARD]},
        "purchase": {"id": row[PURCHASE_ID], "date": row[DATE], "amount": row[AMOUNT], "product": row[PRODUCT]},
        "store": row[STORE],
        "updated_at": row[UPDATED_AT],
    }


def _write_csv_files(folder: Path, maker: Synthesizer) -> None:
    names = load_contract().column_names
    rows = maker.rows(SourceName.CSV)
    with ExitStack() as stack:
        for spec, count in zip(CSV_FILES, maker.plan.csv_files, strict=True):
            file: IO[str] = stack.enter_context(
                (folder / spec.name).open("w", encoding=spec.encoding, newline="", errors="strict")
            )
            writer = csv.writer(file, delimiter=";", lineterminator=spec.line_end)
            writer.writerow([*names, spec.extra_column] if spec.extra_column else names)
            for number in range(count):
                row = next(rows)
                writer.writerow([*row, str(number % 1000)] if spec.extra_column else row)
            maker.ledger.sources[SourceName.CSV].files[spec.name] = count
        next(rows, None)  # lets the generator count the customers
