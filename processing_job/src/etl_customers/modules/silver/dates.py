"""Dates and times by the format that their source declares; never by trying one format after another for a date."""

from __future__ import annotations

from datetime import date

from customer_contract import SourceProfile
from customer_contract.time_formats import ISO_8601
from pyspark.sql import Column
from pyspark.sql import functions as F

from etl_customers.modules.silver.text import first_fault

_ISO_DATE = r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}"
_ZONE = r"(Z|[+-][0-9]{2}(:?[0-9]{2})?)"
#: As Spark reads it too, which cuts a fraction at the microsecond: what most sources write.
_ISO_TIME = _ISO_DATE + r"[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?"
#: As some write it: without seconds, as Java does where they are zero; with a decimal comma; in small letters.
_ISO_RARE = rf"(?i){_ISO_DATE}[T ][0-9]{{2}}:[0-9]{{2}}(:[0-9]{{2}}([.,][0-9]{{1,9}})?)?{_ZONE}?\z"
_NO_SECONDS = r"([T ][0-9]{2}:[0-9]{2})(?!:)"
_DAY = 24 * 3600 * 1_000_000  # microseconds
_OLDEST = (date(1900, 1, 1) - date(1970, 1, 1)).days * _DAY


def read_date(text: Column, source: SourceProfile) -> Column:
    """The date in `text`, NULL if it is not one in the source's format (31/02 is none)."""
    if source.date_format == "yyyy-MM-dd":
        return F.when(text.rlike(_ISO_DATE + r"\z"), text.try_cast("date"))
    return F.try_to_timestamp(text, F.lit(source.date_format)).cast("date")


def read_timestamp(text: Column, source: SourceProfile) -> Column:
    """The instant in `text`; a time without a zone is in the source's own. NULL if no declared format fits."""
    return F.coalesce(*(_read_timestamp(text, format, source.time_zone) for format in source.timestamp_formats))


def fault(value: Column, received_at: Column, is_date: bool) -> Column:
    """The rule that is broken by a date or an instant, read from a text that is not NULL; NULL if none.

    Compared as microseconds since 1970: intervals in Spark know time zones, and cost ten times as much.
    """
    micros = F.unix_date(value).cast("bigint") * _DAY if is_date else F.unix_micros(value)
    return first_fault(
        (value.isNull(), "DATE_INVALID"),
        (micros > F.unix_micros(received_at) + F.lit(_DAY), "DATE_IN_FUTURE"),
        (micros < _OLDEST, "DATE_TOO_OLD"),
    )


def _read_timestamp(text: Column, format: str, zone: str) -> Column:
    if format == ISO_8601:
        return _read_iso(text, zone)
    instant = F.try_to_timestamp(text, F.lit(format))
    has_zone = any(letter in format for letter in "XxZVzO")
    return instant if has_zone else F.to_utc_timestamp(instant, zone)


def _read_iso(text: Column, zone: str) -> Column:
    """The same spellings as the API service's cursor takes (`api_ingestion.domain.cursor`), but a day alone: it is no
    instant, and tells nothing of two versions of one day. The usual ones cost one look, or two without a zone.
    """
    spelt = F.regexp_replace(F.upper(F.replace(text, F.lit(","), F.lit("."))), _NO_SECONDS, "$1:00")
    usual, spelt_out = text.try_cast("timestamp"), spelt.try_cast("timestamp")
    return (
        F.when(text.rlike(rf"{_ISO_TIME}{_ZONE}\z"), usual)
        .when(text.rlike(rf"{_ISO_TIME}\z"), F.to_utc_timestamp(usual, zone))
        .when(~text.rlike(_ISO_RARE), F.lit(None))
        .when(spelt.rlike(rf"{_ZONE}\z"), spelt_out)
        .otherwise(F.to_utc_timestamp(spelt_out, zone))
    )
