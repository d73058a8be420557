"""How much of the synthetic data is dirty, doubled or contradictory: every share is stated here, once."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class SourceName(StrEnum):
    """The three sources, as the contract names them."""

    DATABASE = "database"
    API = "api"
    CSV = "csv"


class Fault(StrEnum):
    """One kind of dirty row. A row has one fault, save `SEVERAL`, which has three."""

    CPF_TEN_DIGITS = "cpf_ten_digits"
    CPF_EQUAL_DIGITS = "cpf_equal_digits"
    CPF_CHECK_DIGITS = "cpf_check_digits"
    CPF_MISSING = "cpf_missing"
    CUSTOMER_ID_MISSING = "customer_id_missing"
    EMAIL_INVALID = "email_invalid"
    CARD_INVALID = "card_invalid"
    AMOUNT_TEXT = "amount_text"
    AMOUNT_NEGATIVE = "amount_negative"
    DATE_IMPOSSIBLE = "date_impossible"
    STORE_UNKNOWN = "store_unknown"
    SEVERAL = "several"


class Pairing(StrEnum):
    """What two deliveries of one purchase_id by two sources have to do with each other."""

    DUPLICATE = "duplicate"
    STALE = "stale"
    CONFLICT = "conflict"


#: A typed table cannot hold these; the API and CSV files can.
IMPOSSIBLE_IN_DATABASE = frozenset({Fault.AMOUNT_TEXT, Fault.DATE_IMPOSSIBLE})


@dataclass(frozen=True, slots=True)
class Shares:
    """Shares between 0 and 1.

    Attributes:
        database, api, csv: of all rows, what each source delivers; together 1.
        fault: of a source's rows, how many have any one `Fault` (each kind this often, at least one row from 500 on).
        duplicate: of all rows, pairs with the same purchase_id and content in two sources: one of the two is surplus.
        stale: of all rows, pairs with the same purchase_id where one source has an older version: the newer one wins.
        conflict: of all rows, pairs with the same purchase_id and updated_at but another amount: the source trusted
            most wins, and the other's row goes to quarantine.
        ragged: of the CSV rows, those with a cell too many; they lie in the largest file, from 500 CSV rows on.
        dollars: of the API's and the CSV files' clean rows, those paid in US dollars.
        without_email, without_card, without_name: of the clean rows, those with a NULL there.
        without_purchase_id: of the CSV files' clean rows, those with no purchase_id.
        shop_elsewhere: of the customers, those whom the CSV files know under an older e-mail, and (as many again)
            the API under a longer family name.
        customers: customers per row; at most `max_customers`, so that memory stays bounded.
    """

    database: float = 0.50
    api: float = 0.30
    csv: float = 0.20
    fault: float = 0.003
    duplicate: float = 0.02
    stale: float = 0.01
    conflict: float = 0.002
    ragged: float = 0.002
    dollars: float = 0.03
    without_email: float = 0.02
    without_card: float = 0.03
    without_name: float = 0.005
    without_purchase_id: float = 0.005
    shop_elsewhere: float = 0.20
    customers: float = 0.125
    max_customers: int = 250_000

    def rows_of(self, rows: int) -> dict[SourceName, int]:
        """How many of `rows` each source delivers; they add up to `rows`."""
        database, api = round(rows * self.database), round(rows * self.api)
        return {SourceName.DATABASE: database, SourceName.API: api, SourceName.CSV: rows - database - api}
