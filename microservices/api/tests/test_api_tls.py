"""TLS over connections of our own making: the name is verified although the connection goes to an address."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from api_ingestion.infrastructure.ingestion.api_source import ApiSource
from api_lake import Bench
from api_servers import ScriptedServer
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from ingestion_kernel.domain.run import Run
from ingestion_kernel.infrastructure.telemetry.system_clock import SystemClock

GOOD = {"body": {"data": [{"customer_id": "1", "updated_at": "2025-01-01T00:00:00Z"}]}}


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate of partner.example, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "partner.example")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("partner.example")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "both.pem"
    plain = serialization.NoEncryption()
    secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    file.write_bytes(secret + made.public_bytes(serialization.Encoding.PEM))
    return file


def ingest(folder: Path, server: ScriptedServer, host: str, ca_file: Path | None) -> Run:
    port = server.origin.rsplit(":", 1)[1]
    bench = Bench(folder / "raw")
    settings = bench.settings(
        f"https://{host}:{port}/list",
        paging="none",
        retry_attempts=1,
        ca_file=ca_file,
        allowed_networks="127.0.0.0/8",
    )
    source = ApiSource(settings, ["customer_id"], {}, SystemClock(), lambda host, port: ["127.0.0.1"])
    return bench.ingest_from(source)


def test_the_certificate_must_be_trusted_and_of_that_name(tmp_path: Path, certificate: Path) -> None:
    with ScriptedServer(tmp_path / "scripted", certificate) as server:
        server.play(GOOD)
        for host, trusted in (("partner.example", None), ("other.example", certificate)):
            refused = ingest(tmp_path, server, host, trusted)
            assert refused.error and refused.error.code == "SOURCE_UNAVAILABLE"
            assert server.requests() == [], "no key was sent"
        run = ingest(tmp_path, server, "partner.example", certificate)
        assert run.error is None, run.error
        assert run.rows_written == 1 and len(server.requests()) == 1


def test_a_file_without_a_certificate_is_named(tmp_path: Path, scripted: ScriptedServer) -> None:
    (tmp_path / "ca.pem").write_text("nothing")
    run = ingest(tmp_path, scripted, "partner.example", tmp_path / "ca.pem")
    assert run.error and run.error.code == "CONFIGURATION_INVALID" and "API_CA_FILE" in run.error.message


def test_the_pages_deadline_holds_over_tls_too(tmp_path: Path, certificate: Path) -> None:
    with ScriptedServer(tmp_path / "scripted", certificate) as server:
        server.play({"slow_head": True})
        port = server.origin.rsplit(":", 1)[1]
        bench = Bench(tmp_path / "raw")
        settings = bench.settings(
            f"https://partner.example:{port}/list",
            retry_attempts=1,
            page_timeout_seconds=0.5,
            ca_file=certificate,
            allowed_networks="127.0.0.0/8",
        )
        source = ApiSource(settings, ["customer_id"], {}, SystemClock(), lambda host, port: ["127.0.0.1"])
        run = bench.ingest_from(source)
        assert run.error and "API_PAGE_TIMEOUT_SECONDS" in run.error.message
