"""The three services as processes, with settings that let them start."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Service:
    """How to run a service.

    Attributes:
        name: of its source.
        settings: what it needs beside RAW_URL; `{folder}` is a directory of the test's own.
        secrets: planted in it; file name in SECRETS_DIR -> content.
    """

    name: str
    settings: dict[str, str]
    secrets: dict[str, str] = field(default_factory=dict)

    @property
    def command(self) -> tuple[str, ...]:
        """Its command line."""
        return (sys.executable, "-c", f"from {self.name}_ingestion.interfaces.main import main; main()")

    def settings_in(self, folder: Path) -> dict[str, str]:
        """Its settings, with a lake and an input in `folder`."""
        (folder / "inbox").mkdir(exist_ok=True)
        own = {name: value.format(folder=folder) for name, value in self.settings.items()}
        return {"raw_url": str(folder / "raw"), **own}


TOKEN = "planted-token-0123456789"

#: No one listens on port 1: each of the sources is as good as down.
DATABASE = Service(
    "database",
    {"db_table": "public.customers"},
    {"database_url": "postgresql://ingest:planted%2Fpass%40word@127.0.0.1:1/shop"},
)
API = Service(
    "api", {"api_url": "http://127.0.0.1:1/v1/customers", "api_retry_attempts": "1"}, {"api_key": "planted-key-77"}
)
CSV = Service("csv", {"csv_input_dir": "{folder}/inbox", "csv_min_age_seconds": "0"})
SERVICES = (DATABASE, API, CSV)
