"""The command `etl-customers-views`: prints the SQL of the views, to be run where the tables are.

etl-customers-views --catalog prod              the statement for Unity Catalog; --schema if it is not `silver`
etl-customers-views --silver-path lake/silver   a SELECT over the tables' directories, for any Spark with Delta
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from customer_contract import ContractError, load_contract

from etl_customers.modules.silver import customer_conflicts
from etl_customers.utils.address import Place, quoted

_WRONG_SETTINGS = 78


def main(argv: list[str] | None = None) -> None:
    """Entry point of the console script."""
    arguments = _parser().parse_args(argv)
    try:
        contract = load_contract(arguments.contract_path)
    except ContractError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(_WRONG_SETTINGS)
    if arguments.catalog:
        silver = f"{quoted(arguments.catalog)}.{quoted(arguments.schema)}"
        view, purchases, customers = (f"{silver}.{name}" for name in ("customer_conflicts", "purchases", "customers"))
        print(f"{customer_conflicts.create_statement(contract, view, purchases, customers)};")
    else:
        place = Place(arguments.silver_path)
        purchases, customers = (place.table(name).sql for name in ("purchases", "customers"))
        print(f"{customer_conflicts.query(contract, purchases, customers)};")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="etl-customers-views", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--catalog", help="the catalog of Unity Catalog that holds silver's schema")
    where.add_argument("--silver-path", help="the directory of the silver tables")
    parser.add_argument("--schema", default="silver", help="silver's schema in the catalog; `silver` by default")
    parser.add_argument("--contract-path", type=Path, help="another contract than the packaged one")
    return parser


if __name__ == "__main__":
    main()
