"""TLS against a true PostgreSQL with a certificate authority of the test's own.

pgserver's PostgreSQL is built without TLS; this needs one of the system's (apt install postgresql), which CI must have.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from database_ingestion.infrastructure.ingestion.postgres_tls import tls_arguments
from database_ingestion.interfaces.main import build_source
from ingestion_kernel.domain.exceptions import ConfigurationInvalid
from postgres_servers import Server, folder_for_servers, own


def _bin_with_tls() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"), reverse=True)
    on_path = shutil.which("pg_ctl")
    candidates = [path.parent for path in found] + ([Path(on_path).parent] if on_path else [])
    return candidates[0] if candidates else None


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def server(authority: trustme.CA) -> Iterator[Server]:
    """A server that speaks TLS only and calls itself localhost."""
    programs = _bin_with_tls()
    if programs is None:
        assert not os.environ.get("CI"), "CI must have a PostgreSQL with TLS: apt install postgresql"
        pytest.skip("no PostgreSQL with TLS on this machine: apt install postgresql")
    with folder_for_servers() as folder:
        server = Server(programs, folder / "data")
        server.init("hostssl all all 127.0.0.1/32 trust", "host all all all reject")
        certificate = authority.issue_cert("localhost")
        key, chain = folder / "server.key", folder / "server.pem"
        key.write_bytes(certificate.private_key_pem.bytes())
        key.chmod(0o600)
        chain.write_bytes(b"".join(blob.bytes() for blob in certificate.cert_chain_pems))
        own(key)
        with server.running(ssl="on", ssl_cert_file=str(chain), ssl_key_file=str(key)):
            server.execute(
                "CREATE TABLE customers AS SELECT 'C' customer_id, '1' cpf, timestamptz '2025-01-01' updated_at"
            )
            yield server


def _root(authority: trustme.CA, folder: Path) -> Path:
    path = folder / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


def _url(server: Server, host: str, **parameters: object) -> str:
    query = "&".join(f"{name}={value}" for name, value in parameters.items())
    return f"postgresql://postgres@{host}:{server.port}/postgres?{query}"


def test_a_verified_server_is_read(server: Server, authority: Any, ingestion: Any, tmp_path: Path) -> None:
    url = _url(server, "localhost", sslmode="verify-full", sslrootcert=_root(authority, tmp_path))
    assert ingestion.run(database_url=url).rows_written == 1
    assert server.execute("SELECT current_setting('ssl')") == [("on",)]


@pytest.mark.parametrize("wrong", ["another authority", "another name", "no authority", "no tls"])
def test_any_other_server_is_refused(
    server: Server, authority: Any, ingestion: Any, tmp_path: Path, monkeypatch: Any, wrong: str
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    root = _root(trustme.CA() if wrong == "another authority" else authority, tmp_path)
    host = "127.0.0.1" if wrong == "another name" else "localhost"
    parameters: dict[str, object] = {"sslmode": "verify-full", "sslrootcert": root}
    if wrong == "no authority":
        parameters["sslrootcert"] = tmp_path / "nowhere.pem"
    if wrong == "no tls":
        parameters = {"sslmode": "disable"}
    run = ingestion.run(database_url=_url(server, host, **parameters))
    code = "SOURCE_ACCESS_DENIED" if wrong == "no tls" else "SOURCE_UNAVAILABLE"
    assert (run.error.code, run.rows_written) == (code, 0)
    assert "TLS" in run.error.message
    if wrong != "no tls":
        assert "sslrootcert" in run.error.advice


@pytest.mark.parametrize("mode", ["disable", "allow", "prefer"])
def test_a_remote_database_without_tls_is_refused_unless_allowed(ingestion: Any, mode: str) -> None:
    url = f"postgresql://ana:s3cret@db.example:5432/shop?sslmode={mode}"
    with pytest.raises(ConfigurationInvalid, match="unencrypted") as caught:
        build_source(ingestion.settings(database_url=url))
    assert "DB_ALLOW_PLAINTEXT" in caught.value.advice and "s3cret" not in str(caught.value)
    build_source(ingestion.settings(database_url=url, db_allow_plaintext=True))


def test_a_remote_database_is_verified_where_nothing_is_said(monkeypatch: Any) -> None:
    """libpq would 'prefer' TLS and take any certificate, or none."""
    monkeypatch.delenv("PGSSLMODE", raising=False)
    for hosts in (
        {"host": "db.example"},
        {"host": "localhost,db.example"},
        {"host": "localhost", "hostaddr": "10.1.1.1"},
        {"service": "prod"},  # a file says where it is
        {"service": "prod", "host": "localhost"},
    ):
        assert tls_arguments(hosts, allow_plaintext=False) == {"sslmode": "verify-full"}
    for name, value in (("PGHOST", "db.example"), ("PGHOSTADDR", "10.1.1.1"), ("PGSERVICE", "prod")):
        with monkeypatch.context() as patch:
            patch.setenv(name, value)
            assert tls_arguments({}, allow_plaintext=False) == {"sslmode": "verify-full"}, name
            assert tls_arguments({"sslmode": "require"}, allow_plaintext=False) == {}
    assert tls_arguments({"service": "prod", "hostaddr": "127.0.0.1"}, allow_plaintext=False) == {}
    assert tls_arguments({"service": "prod"}, allow_plaintext=True) == {}


def test_a_mode_of_the_environment_counts_but_where_a_service_file_may_overrule_it(monkeypatch: Any) -> None:
    monkeypatch.setenv("PGSSLMODE", "prefer")
    with pytest.raises(ConfigurationInvalid):
        tls_arguments({"host": "db.example"}, allow_plaintext=False)
    assert tls_arguments({"service": "prod"}, allow_plaintext=False) == {"sslmode": "verify-full"}


@pytest.mark.parametrize("place", ["", "localhost", "127.0.0.1", "[::1]"])
def test_this_machine_needs_no_tls(ingestion: Any, place: str) -> None:
    build_source(ingestion.settings(database_url=f"postgresql://ana@{place}/shop?sslmode=disable"))
