"""E-mail addresses: a subset of RFC 5321 and 5322, bounded in length so that no pattern backtracks for long."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9\-]{0,61}[A-Za-z0-9])?"
_DOMAIN = rf"(?:{_LABEL}\.)+[A-Za-z]{{2,63}}"
_ADDRESS = rf"\A(?=.{{1,64}}@){_ATOM}(?:\.{_ATOM})*@{_DOMAIN}\z"
_MASKED_LOCAL = r"\A.?\*{3}\z"
HIDDEN = "***"


def faults(address: Column) -> dict[str, Column]:
    """Rule code -> is it broken. At most one is true for a text."""
    masked = F.substring_index(address, "@", 1).rlike(_MASKED_LOCAL)
    non_ascii = address.rlike(r"[^\x00-\x7f]")
    fits = F.length(address).between(3, 254)
    return {
        "ALREADY_MASKED": masked,
        "EMAIL_NON_ASCII": ~masked & non_ascii,
        "EMAIL_INVALID": ~masked & ~non_ascii & ~F.when(fits, address.rlike(_ADDRESS)).otherwise(F.lit(False)),
    }


def mask(address: Column) -> Column:
    """First character (if the local part has three or more), `***@`, and the domain; `***` without a proper domain."""
    local = F.substring_index(address, "@", 1)
    domain = F.lower(F.substring_index(address, "@", -1))
    shown_first = F.when(F.length(local) >= 3, F.left(local, F.lit(1))).otherwise(F.lit(""))
    shown = F.when(local.rlike(_MASKED_LOCAL), local).otherwise(F.concat(shown_first, F.lit(HIDDEN)))
    proper = (F.length(address) <= 254) & address.rlike(rf"\A[^@]*@{_DOMAIN}\z")
    hidden = F.when(proper, F.concat(shown, F.lit("@"), domain)).otherwise(F.lit(HIDDEN))
    return F.when(address.isNotNull(), hidden)
