"""Each Dockerfile replayed: built as it says, run as it says, unprivileged and on a tree that cannot be written to."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from dockerfiles import ROOT, SERVICES, copy_context, dockerfile_of, stages_of
from jail import Jail, missing
from kernel_fakes import wait_for
from replay import Image, replay
from secret_mount import SecretMount
from service_process import log_lines

TOKEN = "replayed-token-0123456789"
SECRETS_DIR = "/run/ingestion/secrets"
USER = 10001
VERSION = "9.8.7"
REVISION = "0123abc"
#: Beside the venv an image has its base's layers: 45 MB packed for python:3.11-slim, as its page tells.
LARGEST_VENV_MB = 130


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """Not below pytest's own directory, which only its owner may enter."""
    with tempfile.TemporaryDirectory(prefix="images-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture(scope="module")
def context(folder: Path) -> Path:
    return copy_context(ROOT, folder / "context")


@pytest.fixture(scope="module")
def base(folder: Path) -> Jail:
    """What stands for the base image."""
    reason = missing()
    if reason:
        assert not os.environ.get("CI"), reason
        pytest.skip(reason)
    cache = ROOT / ".tools" / "pip-cache"
    cache.mkdir(parents=True, exist_ok=True)
    return Jail(folder / "base", cache)


@pytest.fixture(scope="module", params=SERVICES)
def image(request: pytest.FixtureRequest, folder: Path, context: Path, base: Jail) -> Iterator[tuple[str, Image]]:
    """The service's name and its image."""
    work = folder / request.param
    stages = stages_of(dockerfile_of(request.param))
    yield request.param, replay(stages, context, work, base, VERSION=VERSION, REVISION=REVISION, SOURCE="here")
    shutil.rmtree(work)


@contextmanager
def running(
    image: Image, folder: Path, mounts: dict[str, Path], *arguments: str, **settings: str
) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """The image's entry point with these arguments, or its own; yields the process and its log."""
    log = folder / "log"
    words = [*image.entrypoint, *(arguments or image.command)]
    process = image.jail.start(words, image.environment | settings, image.user, mounts, log)
    try:
        yield process, log
    finally:
        process.kill()
        process.wait()


def serving_port(process: subprocess.Popen[str], log: Path) -> int:
    wait_for(lambda: '"event": "serving"' in log.read_text() or process.poll() is not None, 60)
    (line,) = [line for line in log_lines(log.read_text()) if line["event"] == "serving"]
    return int(line["port"])


def ended(client: httpx.Client, location: str) -> dict[str, Any]:
    """The run at `location`, once it has ended."""
    run: dict[str, Any] = {}

    def over() -> bool:
        run.update(client.get(location).json())
        return run["status"] not in ("queued", "running")

    wait_for(over, 60)
    return run


def secret_files(folder: Path, world: Any) -> tuple[Path, dict[str, str]]:
    """The world's secrets as the CSI driver mounts them, and its other settings."""
    settings = dict(world.setup().settings)
    secrets = {name.lower(): settings.pop(name) for name in ("DATABASE_URL", "API_KEY") if name in settings}
    return SecretMount(folder / "secrets", service_token=TOKEN, **secrets).root, settings


def test_it_serves_ingests_and_stops_as_an_unprivileged_user_on_a_read_only_tree(
    image: tuple[str, Image], world: Callable[[str], Any], tmp_path: Path, postgres: tuple[str, str]
) -> None:
    service, built = image
    here = world(service)
    here.add(300)
    secrets, settings = secret_files(tmp_path, here)
    for path in (here.raw.parent, *here.raw.parent.rglob("*")):
        os.chown(path, USER, USER)
    Path(postgres[0]).chmod(0o711)  # the server's socket is there; it looks at this mode only when it starts
    mounts = {str(here.raw.parent): here.raw.parent, SECRETS_DIR: secrets, postgres[0]: Path(postgres[0])}
    settings |= {"HOST": "0.0.0.0", "PORT": "0", "SECRETS_DIR": SECRETS_DIR}
    with running(built, tmp_path, mounts, **settings) as (process, log):
        port = serving_port(process, log)
        owner = Path(f"/proc/{process.pid}/status").read_text()
        assert f"Uid:\t{USER}\t{USER}" in owner and "CapBnd:\t0000000000000000" in owner and "NoNewPrivs:\t1" in owner
        headers = {"Authorization": f"Bearer {TOKEN}"}
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=30, trust_env=False) as client:
            assert client.get("/health/live").status_code == 200
            assert client.get("/health/ready").json() == {
                "status": "ready",
                "dependencies": {"source": "ok", "lake": "ok"},
            }
            run = ended(client, client.post("/v1/ingestions", json={}).headers["Location"])
        assert healthy(built, tmp_path, port) and not healthy(built, tmp_path, 1)
        process.terminate()
        assert process.wait(timeout=30) == 0
    assert run["status"] == "succeeded" and run["rows_written"] == 300
    assert here.verify() == 300
    assert not [line for line in log_lines(log.read_text()) if line["level"] in ("error", "critical")]


def healthy(image: Image, folder: Path, port: int) -> bool:
    """What the image's HEALTHCHECK says of that port."""
    environment = image.environment | {"PORT": str(port)}
    process = image.jail.start(image.healthcheck, environment, image.user, {}, folder / "health")
    return process.wait(timeout=30) == 0


def test_nothing_can_be_written_but_tmp(image: tuple[str, Image], tmp_path: Path) -> None:
    _, built = image
    for uid in (USER, 0):  # root too: the tree is read-only, not only somebody else's
        script = "for place in / /opt/venv /usr/local/bin /etc /run; do touch $place/x && exit 1; done; touch /tmp/x"
        process = built.jail.start(["sh", "-c", script], built.environment, f"{uid}:{uid}", {}, tmp_path / "log")
        assert process.wait(timeout=30) == 0, (tmp_path / "log").read_text()
        assert (tmp_path / "log").read_text().count("Read-only file system") == 5


def test_no_build_tools_are_left(image: tuple[str, Image], tmp_path: Path) -> None:
    _, built = image
    script = (
        "for module in pip setuptools wheel ensurepip; do python -c 'import '$module && exit 1;"
        " /usr/local/bin/python -c 'import '$module && exit 1; done;"
        " ! ls /usr/local/bin /opt/venv/bin | grep -E '^(pip|wheel|easy_install)'"
    )
    process = built.jail.start(["sh", "-c", script], built.environment, built.user, {}, tmp_path / "log")
    assert process.wait(timeout=60) == 0, (tmp_path / "log").read_text()


def test_the_command_is_the_service_of_this_version(image: tuple[str, Image], tmp_path: Path) -> None:
    service, built = image
    with running(built, tmp_path, {}, "--version") as (process, log):
        assert process.wait(timeout=30) == 0
    version = (dockerfile_of(service).parent / "VERSION").read_text().strip()
    assert log.read_text().strip() == f"{service}-ingestion {version}"


def test_the_image_says_what_it_is(image: tuple[str, Image]) -> None:
    service, built = image
    prefix = "org.opencontainers.image."
    assert built.labels[f"{prefix}title"] == f"{service}-ingestion"
    said = {name: built.labels[prefix + name] for name in ("version", "revision", "source")}
    assert said == {"version": VERSION, "revision": REVISION, "source": "here"}
    uid, gid = built.user.split(":")
    assert int(uid) == int(gid) == USER >= 10_000
    assert built.ports == [8080] and built.environment["PORT"] == "8080"
    assert built.entrypoint == [f"{service}-ingestion"] and built.command == ["serve"]


def test_the_image_is_small(image: tuple[str, Image], record_property: Callable[[str, object], None]) -> None:
    service, built = image
    megabytes = built.jail.size() / 1e6
    record_property("venv_mb", round(megabytes, 1))
    print(f"{service}: {megabytes:.1f} MB in /opt/venv")
    assert megabytes < LARGEST_VENV_MB


def test_our_own_code_came_in_as_wheels(image: tuple[str, Image]) -> None:
    service, built = image
    packages = built.jail.root / "opt/venv/lib"
    for name in ("customer_contract", "ingestion_kernel", f"{service}_ingestion"):
        (info,) = packages.glob(f"python3*/site-packages/{name}-*.dist-info")
        origin = json.loads((info / "direct_url.json").read_text())
        assert origin["url"].endswith(".whl"), origin
    others = [other for other in SERVICES if other != service]
    assert not [path for other in others for path in packages.glob(f"python3*/site-packages/{other}_ingestion*")]
