"""Silver's rules in plain Python, as one would write them for UDFs: compiled patterns, no work done twice.

Each reader takes the text as received and gives the value that silver shows and the rules that the text breaks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

from customer_contract import SourceProfile

_BLANKS = r"\s\u00a0\u202f"
_EDGES = re.compile(rf"\A[{_BLANKS}\ufeff]+|[{_BLANKS}\ufeff]+\Z", re.ASCII)
_RUNS = re.compile(rf"[{_BLANKS}]+", re.ASCII)
_NOT_DIGITS = re.compile("[^0-9]")
_DIGITS = re.compile("[0-9]+")
_CPF_SEPARATORS = re.compile(r"[ .\-/\u00a0]")
_CPF_MASKED = re.compile(r"\*{8}[0-9]{3}")
_CARD_SEPARATORS = re.compile(r"[ \-\u00a0]")
_CARD_MASKED = re.compile(r"\*{12}[0-9]{4}")
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9\-]{0,61}[A-Za-z0-9])?"
_DOMAIN = re.compile(rf"(?:{_LABEL}\.)+[A-Za-z]{{2,63}}")
_LOCAL_PART = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_LOCAL_MASKED = re.compile(r".?\*{3}")
_MONEY = re.compile(r"(\()?(-)?([A-Z]{0,3}[$€£¥]|[A-Z]{3})?(-)?([0-9][0-9.,]*)(\))?", re.IGNORECASE)
_US = re.compile(r"(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)\.[0-9]{1,2}")
_BR = re.compile(r"(?:[0-9]{1,3}(?:\.[0-9]{3})+|[0-9]+),[0-9]{1,2}")
_US_GROUPS = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+")
_BR_GROUPS = re.compile(r"[0-9]{1,3}(?:\.[0-9]{3})+")
_US_LONG = re.compile(r"[0-9]+\.[0-9]{3,}")
_BR_LONG = re.compile(r"[0-9]+,[0-9]{3,}")
_LOSSLESS = re.compile(r"[.,][0-9]{2}0*\Z")
_CURRENCIES = {"R$": "BRL", "BRL": "BRL", "$": "USD", "US$": "USD", "USD": "USD"}
_STRPTIME = {"yyyy": "%Y", "MM": "%m", "dd": "%d", "HH": "%H", "mm": "%M", "ss": "%S"}

Text = str | None
Read = tuple[Text, list[str]]


def clean(text: Text) -> Text:
    """Without blanks at the edges; None if nothing is left."""
    return (_EDGES.sub("", text) or None) if text is not None else None


def squeezed(text: Text) -> Text:
    """`clean`, and each run of blanks one space."""
    cleaned = clean(text)
    return None if cleaned is None else _RUNS.sub(" ", cleaned)


def card_digits(text: Text) -> Text:
    """Without blanks and hyphens."""
    cleaned = clean(text)
    return None if cleaned is None else _CARD_SEPARATORS.sub("", cleaned)


def cpf_digits(text: Text) -> Text:
    """Without separators."""
    cleaned = clean(text)
    return None if cleaned is None else _CPF_SEPARATORS.sub("", cleaned)


def cpf_fault(digits: str) -> Text:
    """The rule that the CPF breaks, if any."""
    if not digits.isascii() or not digits.isdigit():
        return "ALREADY_MASKED" if _CPF_MASKED.fullmatch(digits) else "CPF_CHARACTERS"
    if len(digits) != 11:
        return "CPF_LENGTH"
    if digits == digits[0] * 11:
        return "CPF_REPEATED_DIGIT"
    numbers = [int(digit) for digit in digits]
    for count in (9, 10):
        rest = sum(number * (count + 1 - i) for i, number in enumerate(numbers[:count])) % 11
        if numbers[count] != (0 if rest < 2 else 11 - rest):
            return "CPF_CHECK_DIGITS"
    return None


def read_cpf(text: Text) -> Read:
    """Mask and fault of a CPF, which is mandatory."""
    digits = cpf_digits(text)
    if digits is None:
        return None, ["MISSING"]
    fault = cpf_fault(digits)
    if fault is None:
        return "*" * 8 + digits[-3:], []
    return (digits if fault == "ALREADY_MASKED" else "*" * 11), [fault]


def read_card(text: Text) -> Read:
    """Mask and fault of a payment card number."""
    digits = card_digits(text)
    if digits is None:
        return None, []
    if not _DIGITS.fullmatch(digits):
        masked = _CARD_MASKED.fullmatch(digits)
        return (digits, ["ALREADY_MASKED"]) if masked else ("*" * 16, ["CARD_CHARACTERS"])
    if not 12 <= len(digits) <= 19:
        return "*" * 16, ["CARD_LENGTH"]
    if digits == digits[0] * len(digits):
        return "*" * 16, ["CARD_REPEATED_DIGIT"]
    return ("*" * 12 + digits[-4:], []) if _luhn_holds(digits) else ("*" * 16, ["CARD_CHECK_DIGIT"])


def read_email(text: Text) -> Read:
    """Mask and fault of an e-mail address."""
    address = clean(text)
    if address is None:
        return None, []
    local, _, domain = address.rpartition("@")
    proper = len(address) <= 254 and "@" not in local and _DOMAIN.fullmatch(domain) and "@" in address
    masked_local = _LOCAL_MASKED.fullmatch(address.partition("@")[0])
    first = local if masked_local else (local[0] if len(local) >= 3 else "") + "***"
    shown = f"{first}@{domain.lower()}" if proper else "***"
    if masked_local:
        return shown, ["ALREADY_MASKED"]
    if not address.isascii():
        return shown, ["EMAIL_NON_ASCII"]
    valid = proper and len(local) <= 64 and _LOCAL_PART.fullmatch(local)
    return shown, [] if valid else ["EMAIL_INVALID"]


@dataclass(frozen=True, slots=True)
class TextReader:
    """Reads free text of one column; `squeezed` makes each run of blanks one space."""

    required: bool
    squeezed: bool
    max_length: int | None

    def __call__(self, text: Text, cpf: Text, card: Text, email: Text) -> Read:
        """The text and its faults; a sensitive value of its own row must not stand in it."""
        value = squeezed(text) if self.squeezed else clean(text)
        if value is None:
            return None, ["MISSING"] if self.required else []
        faults = ["IDENTIFIER_IN_TEXT"] if _holds_identifier(value, cpf, card, email) else []
        if self.max_length and len(value) > self.max_length:
            faults.append("TOO_LONG")
        return value, faults


def read_money(text: Text, source: SourceProfile, minimum: Decimal | int) -> tuple[Decimal | None, Text, list[str]]:
    """Amount, currency and faults, by the shipped contract's currencies."""
    cleaned = clean(text)
    if cleaned is None:
        return None, source.currency, []
    found = _MONEY.fullmatch(_RUNS.sub("", cleaned))
    if found is None:
        return None, source.currency, ["AMOUNT_INVALID"]
    opening, minus, symbol, late_minus, number, closing = found.groups()
    currency = _CURRENCIES.get(symbol.upper()) if symbol else source.currency
    if currency is None:
        return None, None, ["CURRENCY_UNKNOWN"]
    signs = sum(map(bool, (minus, late_minus, opening and closing)))
    if signs > 1 or bool(opening) != bool(closing):
        return None, currency, ["AMOUNT_INVALID"]
    plain = _decimal_text(number, source.money_locale.value == "pt_BR")
    if plain is None:
        too_precise = _US_LONG.fullmatch(number) or _BR_LONG.fullmatch(number)
        return None, currency, ["AMOUNT_PRECISION" if too_precise else "AMOUNT_INVALID"]
    try:
        amount = Decimal(plain).quantize(Decimal("0.01"))
    except InvalidOperation:
        return None, currency, ["AMOUNT_INVALID"]
    amount = -amount if signs and amount else amount
    return amount, currency, ["AMOUNT_BELOW_MINIMUM"] if amount < minimum else []


def read_date(text: Text, source: SourceProfile) -> tuple[date | None, list[str]]:
    """The date in the source's format."""
    cleaned = clean(text)
    if cleaned is None:
        return None, []
    try:
        return datetime.strptime(cleaned, strptime_format(source.date_format)).date(), []
    except ValueError:
        return None, ["DATE_INVALID"]


def read_instant(text: Text, source: SourceProfile) -> tuple[datetime | None, list[str]]:
    """The instant in one of the source's formats."""
    cleaned = clean(text)
    if cleaned is None:
        return None, []
    for format in source.timestamp_formats:
        try:
            iso = format == "ISO_8601"
            instant = _iso(cleaned) if iso else datetime.strptime(cleaned, strptime_format(format))
        except ValueError:
            continue
        local = instant if instant.tzinfo else instant.replace(tzinfo=ZoneInfo(source.time_zone))
        return local.astimezone(UTC), []
    return None, ["DATE_INVALID"]


def _iso(text: str) -> datetime:
    """It cuts a fraction at the microsecond, takes a comma before it, and needs no seconds; but a capital Z."""
    return datetime.fromisoformat(text.upper())


def _luhn_holds(digits: str) -> bool:
    total = 0
    for i, char in enumerate(reversed(digits)):
        digit = int(char) * (i % 2 + 1)
        total += digit - 9 if digit > 9 else digit
    return total % 10 == 0


def _holds_identifier(value: str, cpf: Text, card: Text, email: Text) -> bool:
    digits = _NOT_DIGITS.sub("", value)
    for number in (cpf, card):
        own = _NOT_DIGITS.sub("", number) if number else ""
        if len(own) >= 8 and own in digits:
            return True
    address = clean(email) or ""
    return "@" in address and len(address) >= 6 and address.lower() in value.lower()


def _decimal_text(number: str, brazilian: bool) -> Text:
    if _DIGITS.fullmatch(number):
        return number
    if _US.fullmatch(number) or (not brazilian and _US_GROUPS.fullmatch(number)):
        return number.replace(",", "")
    if _BR.fullmatch(number) or (brazilian and _BR_GROUPS.fullmatch(number)):
        return number.replace(".", "").replace(",", ".")
    long = (_BR_LONG if brazilian else _US_LONG).fullmatch(number)
    return number.replace(",", ".") if long and _LOSSLESS.search(number) else None


_FORMATS: dict[str, str] = {}


def strptime_format(java: str) -> str:
    """Python's pattern for a Java date pattern of the contract."""
    if java not in _FORMATS:
        _FORMATS[java] = re.sub("yyyy|MM|dd|HH|mm|ss", lambda part: _STRPTIME[part.group()], java)
    return _FORMATS[java]
