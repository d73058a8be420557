"""What a contract column `x` is called on its way through silver.

`_n_x` is its normalised text, `_p_x` that text taken apart, `_v_x` its typed value, `_f_x` the rule it breaks.
"""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F


def normalised(name: str) -> Column:
    """The normalised text of a contract column."""
    return F.col(f"_n_{name}")


def value(name: str) -> Column:
    """The typed value of a contract column."""
    return F.col(f"_v_{name}")


def fault(name: str) -> Column:
    """The rule that a contract column breaks, NULL if none."""
    return F.col(f"_f_{name}")
