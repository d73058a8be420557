"""actionlint and zizmor (auditor, offline) find nothing; what they are told not to look for is excused in writing."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from built_tools import tool

ROOT = Path(__file__).resolve().parents[2]
GITHUB = ROOT / ".github"
#: zizmor's audits that .github/zizmor.yml switches off, each with its reason there.
EXCUSED = {"self-repository"}


def _actionlint(folder: Path) -> subprocess.CompletedProcess[str]:
    # without shellcheck and pyflakes: whether they are there differs from machine to machine
    command = [tool("actionlint"), "-shellcheck=", "-pyflakes=", "-no-color"]
    files = sorted(map(str, (folder / ".github" / "workflows").glob("*.yml")))
    return subprocess.run([*command, *files], cwd=folder, capture_output=True, text=True)


def _zizmor(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [tool("zizmor"), "--offline", "--persona", "auditor", "--no-progress", "--color", "never"]
    config = ["--config", str(GITHUB / "zizmor.yml")]
    return subprocess.run([*command, *config, str(folder / ".github")], cwd=folder, capture_output=True, text=True)


def test_actionlint() -> None:
    done = _actionlint(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


def test_zizmor() -> None:
    done = _zizmor(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    (tmp_path / ".git").mkdir()  # actionlint looks for the repository
    for name in ("workflows", "actions"):
        shutil.copytree(GITHUB / name, tmp_path / ".github" / name)
    return tmp_path


def _spoil(folder: Path, name: str, old: str, new: str) -> None:
    path = folder / ".github" / "workflows" / f"{name}.yml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_actionlint_finds_faults(copy: Path) -> None:
    _spoil(copy, "infrastructure", "steps.plan-platform.outputs.fingerprint", "steps.plan-platfrom.outputs.fingerprint")
    assert "plan-platfrom" in _actionlint(copy).stdout


def test_zizmor_finds_faults(copy: Path) -> None:
    _spoil(copy, "quality", "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1", "actions/checkout@v7")
    _spoil(copy, "release", "permissions: {}", "permissions: write-all")
    _spoil(copy, "checks", "run: python3 -m cdp_actions check-roles", 'run: echo "${{ github.event.issue.title }}"')
    said = _zizmor(copy).stdout
    for audit in ("unpinned-uses", "excessive-permissions", "template-injection"):
        assert f"[{audit}]" in said


def test_nothing_else_is_excused() -> None:
    text = (GITHUB / "zizmor.yml").read_text(encoding="utf-8")
    rules = yaml.safe_load(text)["rules"]
    assert set(rules) == EXCUSED
    for rule in rules:
        assert f"  {rule}:\n    # " in text, f"{rule} is switched off without a reason"
    everything = "\n".join(path.read_text(encoding="utf-8") for path in GITHUB.rglob("*.yml"))
    assert "zizmor: ignore" not in everything
