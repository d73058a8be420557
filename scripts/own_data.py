"""One's own data on one machine: `ingest` runs each service that is configured, `process` runs the job over the lake.

DATABASE_URL=... DB_TABLE=...   the database service
API_URL=... API_KEY=...         the API service
CSV_INPUT_DIR=...               the CSV service
LAKE=DIR                        where the lake lies, ./lake by default
"""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from pathlib import Path

#: The setting without which a service has no source -> the service's command.
SERVICES = {"DATABASE_URL": "database-ingestion", "API_URL": "api-ingestion", "CSV_INPUT_DIR": "csv-ingestion"}
#: Where a server listens. `ingest` starts none, and compilers of conda export a HOST of their own, which is no address.
_OF_SERVERS = ("HOST", "PORT")
COMPLETED_WITH_REJECTS = 3
EX_USAGE = 64
EX_CANTCREAT = 73


def main() -> None:
    """Run what the first argument names; ends with the worst exit code."""
    lake = Path(os.environ.get("LAKE", "lake")).resolve()
    actions = {"ingest": ingest, "process": process}
    if len(sys.argv) != 2 or sys.argv[1] not in actions:
        sys.exit(f"usage: own_data.py {'|'.join(actions)}\n{__doc__}")
    sys.exit(actions[sys.argv[1]](lake))


def ingest(lake: Path) -> int:
    """Ingest from every configured source."""
    given = {name: value for name, value in os.environ.items() if name not in _OF_SERVERS}
    environment = {"RAW_URL": str(lake / "raw")} | given
    configured = [command for setting, command in SERVICES.items() if os.environ.get(setting)]
    if not configured:
        print(f"Nothing to ingest: set at least one of {', '.join(SERVICES)}.\n{__doc__}", file=sys.stderr)
        return EX_USAGE
    codes = []
    for command in configured:
        print(f"== {command} ingest -> {environment['RAW_URL']}", file=sys.stderr)
        codes.append(subprocess.run([_tool(command), "ingest"], env=environment).returncode)
    if COMPLETED_WITH_REJECTS in codes:
        print("Some input was rejected: see the rejected/ folder of the CSV service.", file=sys.stderr)
    failures = [code for code in codes if code not in (0, COMPLETED_WITH_REJECTS)]
    return max(failures, default=0)


def process(lake: Path) -> int:
    """Run the whole job; the token key is made on first use and must be kept as long as the lake."""
    key = Path(os.environ.get("ETL_TOKEN_KEY_FILE", lake / "secrets" / "token.key"))
    if not key.exists():
        try:
            key.parent.mkdir(parents=True, exist_ok=True)
            with os.fdopen(os.open(key, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(secrets.token_hex(32))
        except OSError as error:
            advice = "Let this user write there, or name another lake: LAKE=..."
            print(f"The token key cannot be made in {key.parent}: {error.strerror}. {advice}", file=sys.stderr)
            return EX_CANTCREAT
    paths = {f"ETL_{layer.upper()}_PATH": str(lake / layer) for layer in ("raw", "bronze", "silver", "gold", "runs")}
    report = lake / "report.html"
    environment = paths | {"ETL_TOKEN_KEY_FILE": str(key)} | os.environ
    code = subprocess.run([_tool("etl-customers"), "--layer", "all", "--report", report], env=environment).returncode
    if code == 0:
        print(f"Report: {report}", file=sys.stderr)
    return code


def _tool(name: str) -> str:
    return str(Path(sys.executable).with_name(name))


if __name__ == "__main__":
    main()
