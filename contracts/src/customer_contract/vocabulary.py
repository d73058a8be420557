"""The words that a contract may use for a column or a source; ODCS v3.1 names the rest."""

from __future__ import annotations

from enum import StrEnum


class LogicalType(StrEnum):
    """ODCS logical types that the platform uses."""

    STRING = "string"
    DATE = "date"
    TIMESTAMP = "timestamp"
    NUMBER = "number"


class ColumnFormat(StrEnum):
    """What a column's text means; silver has one standardiser and one set of rules for each."""

    IDENTIFIER = "identifier"
    TEXT = "text"
    PERSON_NAME = "person_name"
    CPF = "cpf"
    EMAIL = "email"
    PAYMENT_CARD = "payment_card"
    DATE = "date"
    TIMESTAMP = "timestamp"
    MONEY = "money"
    STORE = "store"


class PersonalData(StrEnum):
    """Class of personal data in the sense of LGPD art. 5."""

    NONE = "none"
    PSEUDONYMOUS = "pseudonymous"
    PERSONAL = "personal"
    DIRECT_IDENTIFIER = "direct_identifier"
    FINANCIAL = "financial"


class Mask(StrEnum):
    """How a value is shown past bronze."""

    NONE = "none"
    CPF_LAST3 = "cpf_last3"
    CARD_LAST4 = "card_last4"
    EMAIL_DOMAIN = "email_domain"
    FULL = "full"


class Subject(StrEnum):
    """Whom or what a column describes: the purchase itself, or the customer on it."""

    PURCHASE = "purchase"
    CUSTOMER = "customer"


class Survivorship(StrEnum):
    """Which of a customer's values, over all purchases that have one, the golden record takes.

    Ties: NEWEST and OLDEST by the source trusted most, MOST_TRUSTED by the newest event.
    """

    NEWEST = "newest"
    OLDEST = "oldest"
    MOST_TRUSTED = "most_trusted"


class MoneyLocale(StrEnum):
    """How a source that writes only one separator means it: `1.234` is a thousand in pt_BR."""

    PT_BR = "pt_BR"
    EN_US = "en_US"


class RawFormat(StrEnum):
    """File formats of raw; a source names the one in which its service usually writes."""

    JSON_LINES = "jsonl"
    CSV = "csv"


_AS_TEXT = (Mask.NONE, Mask.FULL)
_AS_VALUE = (Mask.NONE,)
#: Format -> the masks that silver can show it under. A date, a number or a store is no text that could be masked; an
#: identifier is never shown as it is, whatever class of personal data a contract gives it.
MASKS: dict[ColumnFormat, tuple[Mask, ...]] = {
    ColumnFormat.IDENTIFIER: _AS_TEXT,
    ColumnFormat.TEXT: _AS_TEXT,
    ColumnFormat.PERSON_NAME: _AS_TEXT,
    ColumnFormat.CPF: (Mask.CPF_LAST3, Mask.FULL),
    ColumnFormat.EMAIL: (Mask.EMAIL_DOMAIN, Mask.FULL),
    ColumnFormat.PAYMENT_CARD: (Mask.CARD_LAST4, Mask.FULL),
    ColumnFormat.DATE: _AS_VALUE,
    ColumnFormat.TIMESTAMP: _AS_VALUE,
    ColumnFormat.MONEY: _AS_VALUE,
    ColumnFormat.STORE: _AS_VALUE,
}
