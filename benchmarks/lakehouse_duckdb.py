"""`python -m benchmarks.lakehouse_duckdb RAW OUT KEY_FILE`: raw to gold in DuckDB; prints the seconds as JSON."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import duckdb
from customer_contract import Contract, MoneyLocale, SourceProfile, Subject, load_contract
from etl_customers.modules.silver.stage import CONTENT_PURPOSE, CPF_PURPOSE
from etl_customers.privacy.key_source import KeyFile
from etl_customers.privacy.token_key import TokenKey, read_token_key

from benchmarks.python_rules import strptime_format

_SCRIPT = Path(__file__).with_name("lakehouse_rules.sql")
_THREADS = 2
_MEMORY = "6GB"
_BLANKS = " \t\n\r\x0b\x0c\u00a0\u202f\ufeff"


def main() -> None:
    """Entry point."""
    raw, out, key_file = sys.argv[1:]
    Path(out).mkdir(parents=True, exist_ok=True)
    contract = load_contract()
    started = time.perf_counter()
    connection = duckdb.connect(str(Path(out, "work.duckdb")))
    connection.execute(f"SET threads = {_THREADS}; SET memory_limit = '{_MEMORY}'; SET TimeZone = 'UTC'")
    connection.execute("SET preserve_insertion_order = false")
    _reference_tables(connection, contract, read_token_key(KeyFile(Path(key_file)), "bench"))
    names = contract.column_names
    golden = [c.name for c in contract.columns if c.subject is Subject.CUSTOMER]
    script = _SCRIPT.read_text(encoding="utf-8")
    for name, text in {
        "{raw}": raw,
        "{out}": out,
        "{columns}": ", ".join(names),
        "{json_columns}": "{" + ", ".join(f"{name}: 'VARCHAR'" for name in names) + "}",
        "{golden}": ", ".join(
            f"arg_max({n}, (event_at, -priority, {n})) FILTER ({n} IS NOT NULL) AS {n}" for n in golden
        ),
        "{dates}": " ".join(map(_date, contract.sources)),
        "{moments}": " ".join(map(_moment, contract.sources)),
        "{blanks}": f"'{_BLANKS}'",
        "{blank_class}": _BLANKS,
        "{{": "{",
        "}}": "}",
    }.items():
        script = script.replace(name, text)
    connection.execute(script)
    seconds = time.perf_counter() - started
    outcomes = dict(connection.execute("SELECT outcome, count(*) FROM classified GROUP BY ALL").fetchall())
    connection.close()
    print(json.dumps({"seconds": seconds, "outcomes": outcomes}))


def _reference_tables(connection: duckdb.DuckDBPyConnection, contract: Contract, key: TokenKey) -> None:
    connection.execute("CREATE TABLE keys (purpose VARCHAR, inner_pad BLOB, outer_pad BLOB)")
    for purpose in (CPF_PURPOSE, CONTENT_PURPOSE):
        connection.execute("INSERT INTO keys VALUES (?, ?, ?)", [purpose, *key.pads(purpose)])
    connection.execute(
        "CREATE TABLE sources (name VARCHAR, priority INT, namespace VARCHAR, currency VARCHAR, brazilian BOOLEAN)"
    )
    for source in contract.sources:
        who = [source.name, source.priority, source.key_namespace, source.currency]
        row = [*who, source.money_locale is MoneyLocale.PT_BR]
        connection.execute("INSERT INTO sources VALUES (?, ?, ?, ?, ?)", row)
    connection.execute("CREATE TABLE stores (key VARCHAR, id VARCHAR, state VARCHAR, name VARCHAR)")
    rows = [[spelling, store.id, store.state, store.name] for spelling, store in contract.store_aliases().items()]
    connection.executemany("INSERT INTO stores VALUES (?, ?, ?, ?)", rows)


def _date(source: SourceProfile) -> str:
    return f"WHEN '{source.name}' THEN try_strptime(date_text, '{strptime_format(source.date_format)}')"


def _moment(source: SourceProfile) -> str:
    if source.timestamp_formats == ("ISO_8601",):
        return f"WHEN '{source.name}' THEN try_cast(replace(upper(updated_text), ',', '.') AS TIMESTAMPTZ)"
    formats = [strptime_format(java) for java in source.timestamp_formats]
    return f"WHEN '{source.name}' THEN try_strptime(updated_text, {formats}) AT TIME ZONE '{source.time_zone}'"


if __name__ == "__main__":
    main()
