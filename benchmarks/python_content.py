"""What two sources must agree on to have sent the same purchase, in plain Python: `stage`'s content, byte by byte."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

from customer_contract import ColumnFormat, Contract, SourceProfile
from customer_contract.names import folded, match_key

from benchmarks import python_rules as rules
from benchmarks.python_rules import Text

_EPOCH = date(1970, 1, 1)
_Read = Callable[[Text, SourceProfile], list[Text]]
#: What a format's reader gives, after the name of the column.
_PARTS = {ColumnFormat.MONEY: ("", ".currency"), ColumnFormat.TIMESTAMP: ()}


def reader(contract: Contract) -> Callable[[str, Sequence[Text]], bytes]:
    """A function of a row's source and cells, in the contract's order, that gives its content."""
    sources = {source.name: source for source in contract.sources}
    stores = {key: store.id for key, store in contract.store_aliases().items()}

    def store(text: Text, _: SourceProfile) -> list[Text]:
        cleaned = rules.clean(text)
        return [stores.get(match_key(cleaned)) if cleaned else None]

    by_format = _READERS | {ColumnFormat.STORE: store}
    readers = [by_format.get(column.format, _plain) for column in contract.columns]
    names = [f"{column.name}{part}" for column in contract.columns for part in _PARTS.get(column.format, ("",))]
    order = sorted(range(len(names)), key=names.__getitem__)
    tags = [f"{name}=".encode() for name in names]

    def content(source: str, cells: Sequence[Text]) -> bytes:
        profile = sources[source]
        values = [part for read, cell in zip(readers, cells, strict=True) for part in read(cell, profile)]
        encoded = [None if value is None else value.encode() for value in values]
        led = ((tags[at], encoded[at]) for at in order)
        return b"".join(b"%s%d:%s" % (tag, len(value), value) for tag, value in led if value is not None)

    return content


def unambiguous(values: Sequence[Text]) -> bytes:
    """One message of several values: each is led by its length in bytes."""
    encoded = (None if value is None else value.encode() for value in values)
    return b"".join(b"-" if value is None else b"%d:%s" % (len(value), value) for value in encoded)


def _plain(text: Text, _: SourceProfile) -> list[Text]:
    return [rules.clean(text)]


def _folded(text: Text, _: SourceProfile) -> list[Text]:
    value = rules.squeezed(text)
    if value is None or value.isascii():
        return [value and value.upper()]
    return [folded(value)]


def _money(text: Text, source: SourceProfile) -> list[Text]:
    amount, currency, _ = rules.read_money(text, source, 0)
    return [None if amount is None else str(amount), currency]


def _date(text: Text, source: SourceProfile) -> list[Text]:
    value, _ = rules.read_date(text, source)
    return [None if value is None else str((value - _EPOCH).days)]


def _email(text: Text, _: SourceProfile) -> list[Text]:
    address = rules.clean(text)
    return [address and address.lower()]


_READERS: dict[ColumnFormat, _Read] = {
    ColumnFormat.CPF: lambda text, _: [rules.cpf_digits(text)],
    ColumnFormat.PAYMENT_CARD: lambda text, _: [rules.card_digits(text)],
    ColumnFormat.MONEY: _money,
    ColumnFormat.DATE: _date,
    ColumnFormat.TIMESTAMP: lambda text, _: [],
    ColumnFormat.EMAIL: _email,
    ColumnFormat.PERSON_NAME: _folded,
    ColumnFormat.TEXT: _folded,
}
