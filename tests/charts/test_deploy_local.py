"""scripts/deploy_local.py with docker, kind and kubectl that only write down how they were called.

No engine is here, so it was never run for real: this holds its order, its arguments and what it gives to helm.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from charts import ROOT, Charts, only

SCRIPT = ROOT / "scripts" / "deploy_local.py"
DIGEST = "sha256:" + "ab" * 32
STUB = """#!/usr/bin/env python3
import json, os, pathlib, sys
words = [pathlib.Path(sys.argv[0]).name, *sys.argv[1:]]
given = "" if sys.stdin.isatty() or "-" not in words and "/dev/stdin" not in words else sys.stdin.read()
files = [pathlib.Path(word.partition("=")[2]) for word in words if word.startswith("--from-file=")]
held = {path.name: path.read_text() for folder in files for path in folder.iterdir()}
with open(os.environ["CALLS"], "a") as calls:
    calls.write(json.dumps({"words": words, "given": given, "held": held}) + chr(10))
if words[1:3] == ["inspect", "--format"]:
    print("localhost:5001/x@" + os.environ["DIGEST"])
if words[:3] == ["kind", "get", "nodes"]:
    print("cdp-control-plane")
if words[:2] == ["docker", "ps"]:  # the registry is there, as this variable says
    state = os.environ.get("REGISTRY_IS", "absent")
    print("kind-registry" * (state == "running" or state == "stopped" and "--all" in words))
if words[:2] == ["docker", "run"] and os.environ.get("REGISTRY_IS", "absent") != "absent":
    sys.exit(125)  # the name is taken
"""


def call(
    service: str, folder: Path, *options: str, **environment: str
) -> tuple[subprocess.CompletedProcess[str], list[dict[str, object]]]:
    """Run the script with stubs for all that it needs; what it said, and the calls that it made."""
    calls = folder / "calls"
    for name in ("docker", "kind", "kubectl"):
        (folder / name).write_text(STUB)
        (folder / name).chmod(0o755)
    (folder / "helm").write_text(STUB)
    (folder / "helm").chmod(0o755)
    settings = {"PATH": f"{folder}:{os.environ['PATH']}", "CALLS": str(calls), "DIGEST": DIGEST, **environment}
    start = (
        "import sys; sys.path.insert(0, sys.argv[1]); import deploy_local, pathlib; "
        "deploy_local.HELM = pathlib.Path(sys.argv[2]); sys.argv[1:] = sys.argv[3:]; deploy_local.main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", start, str(SCRIPT.parent), str(folder / "helm"), service, *options],
        env=settings,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    return done, [json.loads(line) for line in calls.read_text().splitlines()] if calls.exists() else []


def test_it_goes_through_all_steps_in_order(tmp_path: Path) -> None:
    done, calls = call("api", tmp_path, API_KEY="a-key")
    assert done.returncode == 0, done.stderr
    steps = [" ".join(words[:3]) for words in (found["words"] for found in calls) if isinstance(words, list)]
    for earlier, later in zip(STEPS, STEPS[1:], strict=False):
        assert steps.index(earlier) < steps.index(later), steps
    (build,) = [found["words"] for found in calls if found["words"][:2] == ["docker", "build"]]  # type: ignore[index]
    assert (ROOT / build[build.index("--file") + 1]).exists() and build[-1] == "."  # type: ignore[index, attr-defined]


STEPS = (
    "kind get clusters",
    "kind create cluster",
    "docker run --detach",
    "docker exec cdp-control-plane",
    "docker build --file",
    "docker push --quiet",
    "docker inspect --format",
    "kubectl --context kind-cdp",
    "helm dependency build",
    "helm upgrade --install",
    "helm test api-ingestion",
)


def test_secrets_go_by_files_and_are_never_shown(tmp_path: Path) -> None:
    done, calls = call(
        "database",
        tmp_path,
        DATABASE_URL="postgresql://me:hidden-word@db/shop",
        SERVICE_TOKEN="hidden-token-0123456789",
    )
    assert done.returncode == 0, done.stderr
    (held,) = [found["held"] for found in calls if found["held"]]
    assert held == {"database_url": "postgresql://me:hidden-word@db/shop", "service_token": "hidden-token-0123456789"}
    shown = done.stdout + done.stderr + json.dumps([found["words"] for found in calls])
    assert "hidden-" not in shown


@pytest.mark.parametrize("state", ["absent", "stopped", "running"])
def test_the_registry_is_made_once_and_started_after_a_reboot(tmp_path: Path, state: str) -> None:
    done, calls = call("csv", tmp_path, REGISTRY_IS=state)
    assert done.returncode == 0, done.stderr
    lines = [" ".join(words) for words in (found["words"] for found in calls) if isinstance(words, list)]
    made, started = ([line for line in lines if line.startswith(f"docker {verb} ")] for verb in ("run", "start"))
    if state == "absent":
        assert not started and "--restart=always" in made[0]
    else:  # docker leaves one that runs as it is
        assert not made and started == ["docker start kind-registry"]


@pytest.mark.parametrize("service", ["database", "api", "csv"])
def test_helm_takes_what_it_gives(charts: Charts, tmp_path: Path, service: str) -> None:
    """Its very arguments, to the real helm."""
    _, calls = call(service, tmp_path, DATABASE_URL="postgresql://me@db/shop", API_KEY="a-key")
    (words,) = [found["words"] for found in calls if found["words"][:2] == ["helm", "upgrade"]]  # type: ignore[index]
    assert isinstance(words, list) and "--atomic" in words
    options = [words[at + 1] for at, word in enumerate(words) if word in ("--values", "--set-string")]
    values, image = options
    release = words[3]
    place = ["--namespace", words[words.index("--namespace") + 1]]
    said = charts.call(
        "template", release, str(charts.package(service)), *place, "--values", values, "--set-string", image
    )
    objects = [thing for thing in yaml.safe_load_all(said.stdout) if thing]
    container = only(objects, "Deployment")["spec"]["template"]["spec"]["containers"][0]
    assert container["image"] == f"localhost:5001/{service}-ingestion@{DIGEST}"
    (created,) = [found["words"] for found in calls if "generic" in found["words"]]  # type: ignore[operator]
    volumes = only(objects, "Deployment")["spec"]["template"]["spec"]["volumes"]
    (secret,) = [volume["secret"]["secretName"] for volume in volumes if volume["name"] == "secrets"]
    assert created[created.index("generic") + 1] == secret  # type: ignore[index, attr-defined]


def test_it_says_what_is_missing(tmp_path: Path) -> None:
    done, calls = call("database", tmp_path, DATABASE_URL="")
    assert done.returncode != 0 and "set DATABASE_URL" in done.stderr and not calls
    found = subprocess.run(
        [sys.executable, str(SCRIPT), "csv"],
        env={"PATH": str(tmp_path / "nothing")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode != 0 and "docker, kind, kubectl not found" in found.stderr


def test_printing_runs_nothing(tmp_path: Path) -> None:
    done, calls = call("csv", tmp_path, "--print")
    assert done.returncode == 0 and not calls
    assert (
        "+ docker build --file microservices/csv/Dockerfile" in done.stderr
        and "upgrade --install csv-ingestion" in done.stderr
    )
