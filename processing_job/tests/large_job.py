"""The command `etl-customers` to which every table is a large one: what is few is written in two commits."""

from __future__ import annotations

from etl_customers.config import session
from etl_customers.main import main
from etl_customers.utils import versioned_table

if __name__ == "__main__":
    versioned_table.LARGE_BYTES = -1
    session.SMALL[session.MERGE_MARKS_ROWS] = "true"
    main()
