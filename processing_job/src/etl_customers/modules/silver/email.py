"""E-mail addresses: a subset of RFC 5321 and 5322, bounded in length so that no pattern backtracks for long."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from etl_customers.modules.silver.text import ALREADY_MASKED, first_fault, is_ascii

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\-]++"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9\-]{0,61}[A-Za-z0-9])?"
_DOMAIN = rf"(?:{_LABEL}\.)+[A-Za-z]{{2,63}}"
_ADDRESS = rf"\A(?=.{{1,64}}@){_ATOM}(?:\.{_ATOM})*+@{_DOMAIN}\z"
_MASKED_LOCAL = r"\A.?\*{3}\z"
HIDDEN = "***"


def fault(address: Column) -> Column:
    """The rule that `address` breaks, NULL if none."""
    valid = F.octet_length(address).between(3, 254) & address.rlike(_ADDRESS)  # which takes ASCII only
    return first_fault(
        (valid & ~F.contains(address, F.lit("***@")), F.lit(None)),
        (F.substring_index(address, "@", 1).rlike(_MASKED_LOCAL), ALREADY_MASKED),
        (valid, F.lit(None)),
        (~is_ascii(address), "EMAIL_NON_ASCII"),
        (address.isNotNull(), "EMAIL_INVALID"),
    )


def mask(address: Column, broken: Column) -> Column:
    """First character (if the local part has three or more), `***@`, and the domain; `***` without a proper domain.

    `broken` is the `fault` of the address.
    """
    local = F.substring_index(address, "@", 1)
    domain = F.lower(F.substring_index(address, "@", -1))
    first = F.when(F.instr(address, "@") > 3, F.left(address, F.lit(1))).otherwise(F.lit(""))
    shown = F.concat(first, F.lit("***@"), domain)
    proper = (F.length(address) <= 254) & address.rlike(rf"\A[^@]*@{_DOMAIN}\z")
    again = F.when(local.rlike(_MASKED_LOCAL), F.concat(local, F.lit("@"), domain)).otherwise(shown)
    hidden = F.when(broken.isNull(), shown).when(proper, again).otherwise(F.lit(HIDDEN))
    return F.when(address.isNotNull(), hidden)
