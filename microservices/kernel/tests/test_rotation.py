"""Secrets that change while a service runs."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from kernel_fakes import wait_for
from secret_mount import SecretMount
from service_process import Served, log_lines, poll, serving

from ingestion_kernel.domain.exceptions import ConfigurationInvalid
from ingestion_kernel.infrastructure.authentication.bearer import ServiceToken
from ingestion_kernel.infrastructure.config.live import LiveSettings
from ingestion_kernel.infrastructure.config.settings import KernelSettings

OLD, NEW = "the-old-token-of-the-service", "the-new-token-of-the-service"


def status(service: Served, token: str) -> int:
    return service.client.get("/v1/ingestions", headers={"authorization": f"Bearer {token}"}).status_code


def test_a_rotated_token_opens_at_the_next_request_and_the_old_one_no_longer(tmp_path: Path) -> None:
    mount = SecretMount(tmp_path / "secrets", service_token=OLD)
    with serving(tmp_path, raw_url=tmp_path / "raw", secrets_dir=mount.root) as service:
        assert (status(service, OLD), status(service, NEW)) == (200, 401)
        mount.rotate(service_token=NEW)
        assert (status(service, OLD), status(service, NEW)) == (401, 200)
        mount.rotate(service_token="short")
        assert (status(service, OLD), status(service, NEW)) == (401, 200), "the last usable one stays"
        mount.rotate()
        assert status(service, "none at all") == 401, "the door does not open because the file has gone"
        assert status(service, NEW) == 200
        mount.rotate(service_token=OLD)
        assert (status(service, OLD), status(service, NEW)) == (200, 401)
    log = service.log.read_text()
    unusable = [line for line in log_lines(log) if line["event"] == "settings_unusable"]
    assert len(unusable) == 1 and "SERVICE_TOKEN" in unusable[0]["error"]
    assert not any(token in log for token in (OLD, NEW, "short"))


def test_the_source_is_built_anew_for_the_next_run_and_the_next_probe(tmp_path: Path) -> None:
    mount = SecretMount(tmp_path / "secrets", toy_fault="denied", toy_password="one")
    with serving(tmp_path, raw_url=tmp_path / "raw", secrets_dir=mount.root) as service:

        def run() -> dict[str, str]:
            location = service.client.post("/v1/ingestions", json={"mode": "full"}).headers["location"]
            ended = poll(service, location, lambda run: run["status"] in ("succeeded", "failed"))
            return {"status": ended["status"], "code": (ended["error"] or {}).get("code")}

        assert run() == {"status": "failed", "code": "SOURCE_ACCESS_DENIED"}
        mount.rotate(toy_fault="none", toy_password="two")
        assert run() == {"status": "succeeded", "code": None}
        mount.rotate(toy_rows="not a number", toy_password="planted-secret")
        assert run() == {"status": "failed", "code": "CONFIGURATION_INVALID"}
        assert service.client.get("/health/ready").json()["dependencies"]["source"] == "CONFIGURATION_INVALID"
        mount.rotate(toy_fault="none")
        assert run() == {"status": "succeeded", "code": None}
    log = service.log.read_text()
    assert [line["event"] for line in log_lines(log)].count("settings_reloaded") == 2
    assert "planted-secret" not in log


def test_a_run_keeps_the_secret_that_it_began_with(tmp_path: Path) -> None:
    mount = SecretMount(tmp_path / "secrets", toy_gate=str(tmp_path / "gate"))
    with serving(tmp_path, raw_url=tmp_path / "raw", secrets_dir=mount.root) as service:
        location = service.client.post("/v1/ingestions", json={"mode": "full"}).headers["location"]
        wait_for(lambda: any((tmp_path / "raw").glob("_staging/fake/*")))
        mount.rotate(toy_fault="down")
        assert service.client.get("/health/ready").json()["dependencies"]["source"] == "SOURCE_UNAVAILABLE"
        (tmp_path / "gate").touch()
        assert poll(service, location, lambda run: run["status"] == "succeeded")["rows_written"] == 3


def test_settings_are_the_same_object_until_a_file_of_theirs_changes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("RAW_URL", "/r")
    monkeypatch.setenv("SECRETS_DIR", str(tmp_path))
    (tmp_path / "SERVICE_TOKEN").write_text(OLD)
    live = LiveSettings(KernelSettings)
    first = live.current()
    (tmp_path / "of-another-service").write_text("x")
    assert live.current() is first
    (tmp_path / "SERVICE_TOKEN").write_text(NEW)  # as long as the old one, maybe within the same tick of the clock
    second = live.current()
    assert second is not first and second.service_token and second.service_token.get_secret_value() == NEW
    (tmp_path / "SERVICE_TOKEN").write_text("short")
    for _ in range(2):
        with pytest.raises(ConfigurationInvalid, match="at least 16"):
            live.current()
    (tmp_path / "SERVICE_TOKEN").write_text(NEW)
    assert live.current() is second


def test_without_a_directory_nothing_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAW_URL", "/r")
    live = LiveSettings(KernelSettings)
    monkeypatch.setenv("RAW_URL", "/elsewhere")
    assert live.current() is live.current() and live.current().raw_url == "/r"
    assert ServiceToken(live).current() is None


def test_many_threads_see_one_reload(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RAW_URL", "/r")
    monkeypatch.setenv("SECRETS_DIR", str(tmp_path))
    (tmp_path / "service_token").write_text(OLD)
    live = LiveSettings(KernelSettings)
    (tmp_path / "service_token").write_text(NEW)
    seen: list[KernelSettings] = []
    threads = [threading.Thread(target=lambda: seen.append(live.current())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 8 and all(settings is seen[0] for settings in seen)
