"""The READMEs' commands exist, their links lead somewhere, and their settings are settings of the code."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = ("README.md", "README.pt-BR.md", "CONTRIBUTING.md")
ALL_PAGES = sorted(
    path.relative_to(ROOT) for path in (*ROOT.glob("*.md"), *ROOT.glob("*/*.md"), *ROOT.glob("*/*/*.md"))
)


def _commands(page: str) -> list[str]:
    text = (ROOT / page).read_text(encoding="utf-8")
    blocks = re.findall(r"```bash\n(.*?)```", text, flags=re.DOTALL)
    inline = re.findall(r"`(make [^`]+)`", text)
    lines = [line.split("#")[0].strip() for block in blocks for line in block.splitlines()]
    return [line for line in (*lines, *inline) if line]


@pytest.mark.parametrize("page", PAGES)
def test_every_make_command_is_a_target(page: str) -> None:
    commands = [command for command in _commands(page) if command.startswith("make ")]
    assert commands
    for command in commands:
        done = subprocess.run([*command.split(), "--dry-run"], cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 0, f"{command}: {done.stderr}"


def test_make_help_lists_every_target() -> None:
    said = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    phony = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert phony
    for target in phony.group(1).split():
        assert f"make {target} " in said, target


@pytest.mark.parametrize("page", ("README.md", "README.pt-BR.md"))
def test_make_demo_comes_within_the_first_40_lines(page: str) -> None:
    head = (ROOT / page).read_text(encoding="utf-8").splitlines()[:40]
    assert "make demo" in head


def test_both_languages_have_the_same_commands() -> None:
    english, portuguese = ([c for c in _commands(page) if "ROWS" not in c] for page in ("README.md", "README.pt-BR.md"))
    assert english == portuguese


@pytest.mark.parametrize("page", ALL_PAGES, ids=str)
def test_every_link_leads_to_a_file(page: Path) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", text):
        assert (ROOT / page).parent.joinpath(target).exists(), target


def test_the_settings_for_ones_own_data_exist() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    named = set(re.findall(r"\b((?:DB|API|CSV)_[A-Z_]+)\b", text)) | {"DATABASE_URL"}
    code = " ".join(
        path.read_text(encoding="utf-8")
        for path in ROOT.glob("microservices/*/src/*/infrastructure/config/*settings.py")
    )
    unknown = [name for name in sorted(named) if f"{name.lower()}:" not in code]
    assert not unknown
