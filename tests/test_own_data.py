"""`make ingest` and `make process` on one's own files, as the README says, through the real commands."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ROWS = """customer_id;cpf;first_name;email;purchase_date;total_amount;store_location;purchase_id
C1;529.982.247-25;Ana;ana.souza@example.com.br;31/03/2025;R$ 1.234,56;São Paulo;P1
C2;111.444.777-35;Rui;rui.lima@example.com.br;31/02/2025;R$ 5,00;Recife;P2
C3;111.111.111-11;Eva;eva.reis@example.com.br;31/03/2025;abc;Atlantis;P3
"""


def _make(target: str, lake: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    # Without MAKEFLAGS and MAKELEVEL of a `make test` around it, which make the inner make talk.
    unset = ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "DATABASE_URL", "API_URL", "CSV_INPUT_DIR", "RAW_URL")
    environment = {name: value for name, value in os.environ.items() if name not in unset and "ETL_" not in name}
    environment |= {"LAKE": str(lake), **settings}
    return subprocess.run(["make", target], cwd=ROOT, env=environment, capture_output=True, text=True)


def test_csv_files_of_ones_own_reach_gold_masked(tmp_path: Path) -> None:
    inbox, lake = tmp_path / "inbox", tmp_path / "lake"
    inbox.mkdir()
    (inbox / "march.csv").write_text(ROWS, encoding="utf-8")
    ingested = _make("ingest", lake, CSV_INPUT_DIR=str(inbox), CSV_MIN_AGE_SECONDS="0")
    assert ingested.returncode == 0, ingested.stderr
    processed = _make("process", lake, ETL_SHOW_SAMPLE="true")
    assert processed.returncode == 0, processed.stderr
    summary = json.loads(Path(processed.stdout.strip().splitlines()[-1]).read_text(encoding="utf-8"))
    assert summary["reconciliation"]["written"] == 1 and summary["reconciliation"]["quarantined"] == 2
    assert summary["sources"]["csv"]["reasons"] == {
        "DATE_INVALID (purchase_date)": 1,
        "CPF_REPEATED_DIGIT (cpf)": 1,
        "AMOUNT_INVALID (total_amount)": 1,
        "STORE_UNKNOWN (store_location)": 1,
    }
    assert summary["sample_customer"]["cpf"] == "********725"
    assert "Ana" in (lake / "report.html").read_text(encoding="utf-8")
    assert (lake / "secrets" / "token.key").stat().st_mode & 0o077 == 0
    for said in (ingested, processed):
        assert "529.982.247-25" not in said.stdout + said.stderr


def test_a_lake_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "lake").write_text("a file", encoding="utf-8")
    done = _make("process", tmp_path / "lake")
    assert done.returncode != 0 and "Traceback" not in done.stderr
    assert "The token key cannot be made" in done.stderr and "LAKE=" in done.stderr


def test_a_compilers_host_is_not_where_a_server_listens(tmp_path: Path) -> None:
    """An activated conda environment with compilers exports HOST; a PORT may be anything, too."""
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    (inbox / "march.csv").write_text(ROWS, encoding="utf-8")
    foreign = {"HOST": "x86_64-conda-linux-gnu", "PORT": "tcp://10.0.0.1:80"}
    done = _make("ingest", tmp_path / "lake", CSV_INPUT_DIR=str(inbox), CSV_MIN_AGE_SECONDS="0", **foreign)
    assert done.returncode == 0, done.stderr


def test_without_a_source_ingest_says_what_to_set(tmp_path: Path) -> None:
    done = _make("ingest", tmp_path / "lake")
    assert done.returncode != 0
    assert "DATABASE_URL" in done.stderr and "CSV_INPUT_DIR" in done.stderr
