"""The command `etl-customers` to which every table is large, and maintained: what is few is written in two commits."""

from __future__ import annotations

from lake_kit import properties_once_large

from etl_customers.config import session
from etl_customers.main import main
from etl_customers.utils import versioned_table
from etl_customers.utils.lake_table import LakeTable

if __name__ == "__main__":
    versioned_table.LARGE_BYTES = -1
    LakeTable._properties = properties_once_large  # type: ignore[method-assign]
    session.SMALL[session.MERGE_MARKS_ROWS] = "true"
    main()
