"""What can be known of the images without building them: linted, alike, fed by nothing but what they need, locked."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from importlib.metadata import distribution, requires
from pathlib import Path

import pytest
from dockerfiles import ROOT, SERVICES, dockerfile_of, sent_to_build, stages_of
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

sys.path.append(str(ROOT / "scripts"))

from lock import BUILD_LOCK, CONSTRAINTS, needs_of, service_lock  # noqa: E402
from tools import LOCKS, TOOLS  # noqa: E402

HADOLINT = ROOT / ".tools" / "bin" / "hadolint"


def hadolint(*files: Path) -> subprocess.CompletedProcess[str]:
    assert HADOLINT.exists(), "hadolint is missing; run make tools"
    return subprocess.run([HADOLINT, *files], capture_output=True, text=True, check=False)


def test_hadolint_has_nothing_to_say() -> None:
    done = hadolint(*map(dockerfile_of, SERVICES))
    assert done.returncode == 0 and not done.stdout, done.stdout


def test_hadolint_would_say_something(tmp_path: Path) -> None:
    spoilt = tmp_path / "Dockerfile"
    spoilt.write_text(dockerfile_of("csv").read_text().replace("WORKDIR /build", "WORKDIR build"))
    assert "DL3000" in hadolint(spoilt).stdout


def test_the_dockerfiles_differ_by_the_services_name_alone() -> None:
    texts = {service: dockerfile_of(service).read_text(encoding="utf-8") for service in SERVICES}
    plain = {re.sub(rf"\b{service}\b", "SERVICE", text) for service, text in texts.items()}
    assert len(plain) == 1


@pytest.mark.parametrize("service", SERVICES)
def test_the_last_stage_takes_only_the_environment(service: str) -> None:
    build, last = stages_of(dockerfile_of(service))
    assert [it.value for it in last if it.name == "COPY"] == ["--from=build /opt/venv /opt/venv"]
    assert all("install" not in it.value.replace("uninstall", "") for it in last if it.name == "RUN")
    assert build[0].words[0] == last[0].words[0] == "${PYTHON_IMAGE}"
    (user,) = [it.value for it in last if it.name == "USER"]
    assert user == "10001:10001"
    for name in ("ENTRYPOINT", "CMD", "HEALTHCHECK"):
        (it,) = [it for it in last if it.name == name]
        assert it.exec_form and "curl" not in it.value


def test_the_base_is_pinned_to_an_exact_tag() -> None:
    (argument,) = re.findall(r"^ARG PYTHON_IMAGE=(.*)$", dockerfile_of("api").read_text(), flags=re.MULTILINE)
    assert re.fullmatch(r"python:3\.11\.\d+-slim-[a-z]+", argument)


def test_only_what_is_needed_is_sent_to_the_build() -> None:
    sent = sent_to_build(ROOT)
    tracked = set(
        subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    )
    assert sent <= tracked | _new_files(), sorted(sent - tracked)
    tops = {re.sub(r"^(microservices/)?([^/]+)/.*", r"\1\2", name) for name in sent}
    assert tops == {"contracts", "requirements", *(f"microservices/{name}" for name in ("kernel", *SERVICES))}
    assert not [name for name in sent if "/tests/" in name or "/helm/" in name or name.endswith((".md", ".pyc"))]
    assert {"contracts/customers.odcs.yaml", "requirements/build.lock", "microservices/csv/requirements.lock"} <= sent


def _new_files() -> set[str]:
    command = ["git", "ls-files", "--others", "--exclude-standard"]
    return set(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split())


def test_what_should_not_be_sent_is_not(tmp_path: Path) -> None:
    shutil.copy(ROOT / ".dockerignore", tmp_path)
    wanted = ["contracts/src/a/b.py", "microservices/csv/src/x/y.py", "microservices/csv/requirements.lock"]
    unwanted = [
        *(
            ".env",
            ".git/config",
            ".venv/bin/python",
            "lake/raw/part.jsonl",
            "secrets/token.key",
            "contracts/tests/t.py",
        ),
        *("microservices/csv/.env", "microservices/csv/tests/t.py", "microservices/csv/helm/values.yaml"),
        *(
            "microservices/csv/src/x/__pycache__/y.pyc",
            "microservices/csv/src/x.egg-info/PKG-INFO",
            "terraform/state.tfstate",
        ),
    ]
    for name in (*wanted, *unwanted):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    assert sent_to_build(tmp_path) == set(wanted)


def locked(path: Path) -> dict[str, tuple[str, list[str]]]:
    """Name -> version and hashes."""
    entries = re.split(r"\n(?=[a-zA-Z])", path.read_text(encoding="utf-8"))
    found = {}
    for entry in entries:
        match = re.match(r"([A-Za-z0-9._-]+)==([^\s\\]+)", entry)
        assert match, entry[:80]
        found[canonicalize_name(match[1])] = (match[2], re.findall(r"--hash=sha256:([0-9a-f]{64})", entry))
    return found


def closure(needs: list[str]) -> set[str]:
    """All distributions that `needs` bring, by the metadata of this environment."""
    found: set[str] = set()
    waiting = [(Requirement(need), {""}) for need in needs]
    while waiting:
        need, extras = waiting.pop()
        if need.marker and not any(need.marker.evaluate({"extra": extra}) for extra in extras):
            continue
        key = f"{canonicalize_name(need.name)}[{','.join(sorted(need.extras))}]"
        if key in found:
            continue
        found.add(key)
        below = {"", *need.extras}
        waiting += [(Requirement(text), below) for text in requires(distribution(need.name).metadata["Name"]) or ()]
    return {name.partition("[")[0] for name in found}


@pytest.mark.parametrize("service", SERVICES)
def test_a_lock_holds_what_the_service_needs_and_no_more(service: str) -> None:
    lock = locked(service_lock(service))
    assert lock.keys() == closure(needs_of(service)), "run make lock"
    for need in map(Requirement, needs_of(service)):
        assert need.specifier.contains(
            lock[canonicalize_name(need.name)][0], prereleases=True
        ), f"{need}: run make lock"


@pytest.mark.parametrize("service", SERVICES)
def test_a_lock_has_the_versions_that_were_tested(service: str) -> None:
    tested = dict(line.split("==") for line in CONSTRAINTS.read_text().splitlines() if "==" in line)
    tested = {canonicalize_name(name): version for name, version in tested.items()}
    wrong = {name: version for name, (version, _) in locked(service_lock(service)).items() if tested[name] != version}
    assert not wrong, "run make lock"


def test_every_locked_package_has_hashes() -> None:
    tools = [LOCKS / f"{tool.name}.txt" for tool in TOOLS if tool.kind == "python"]
    for path in (*map(service_lock, SERVICES), BUILD_LOCK, *tools):
        assert all(hashes for _, hashes in locked(path).values()), path
    for tool in TOOLS:
        if tool.kind == "python":
            assert locked(LOCKS / f"{tool.name}.txt")[canonicalize_name(tool.package)][0] == tool.version
