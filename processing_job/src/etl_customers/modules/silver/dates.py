"""Dates and times by the format that their source declares; never by trying one format after another for a date."""

from __future__ import annotations

from customer_contract import SourceProfile
from pyspark.sql import Column
from pyspark.sql import functions as F

ISO_8601 = "ISO_8601"
_ISO_DATE = r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}"
_ZONE = r"(Z|[+-][0-9]{2}(:?[0-9]{2})?)\z"
_ISO_TIME = _ISO_DATE + r"[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}(:?[0-9]{2})?)?\z"
_OLDEST = "1900-01-01"


def read_date(text: Column, source: SourceProfile) -> Column:
    """The date in `text`, NULL if it is not one in the source's format (31/02 is none)."""
    if source.date_format == "yyyy-MM-dd":
        return F.when(text.rlike(_ISO_DATE + r"\z"), text.try_cast("date"))
    return F.try_to_timestamp(text, F.lit(source.date_format)).cast("date")


def read_timestamp(text: Column, source: SourceProfile) -> Column:
    """The instant in `text`; a time without a zone is in the source's own. NULL if no declared format fits."""
    return F.coalesce(*(_read_timestamp(text, format, source.time_zone) for format in source.timestamp_formats))


def faults(value: Column, received_at: Column) -> dict[str, Column]:
    """Rule code -> is it broken, for a date or an instant read from a text that is not NULL."""
    return {
        "DATE_INVALID": value.isNull(),
        "DATE_IN_FUTURE": value > received_at + F.expr("INTERVAL 1 DAY"),
        "DATE_TOO_OLD": value < F.lit(_OLDEST).cast("date"),
    }


def _read_timestamp(text: Column, format: str, zone: str) -> Column:
    if format == ISO_8601:
        instant = F.when(text.rlike(_ISO_TIME), text.try_cast("timestamp"))
        return F.when(text.rlike(_ZONE), instant).otherwise(F.to_utc_timestamp(instant, zone))
    instant = F.try_to_timestamp(text, F.lit(format))
    has_zone = any(letter in format for letter in "XxZVzO")
    return instant if has_zone else F.to_utc_timestamp(instant, zone)
