"""The set-up's lock: in the tree, whoever sets up, and one at a time."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT / "scripts"))

import bootstrap  # noqa: E402


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty tree, to be set up."""
    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
    return tmp_path


@pytest.mark.parametrize("what", ["setup", "tools"])
def test_the_lock_is_in_the_tree(tree: Path, what: str) -> None:
    """Not in /tmp: there even root may not open a lock of somebody else's (fs.protected_regular)."""
    with bootstrap.alone(what):
        assert [path.name for path in tree.iterdir()] == [f".{what}.lock"]
    assert f".{what}.lock" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()


def test_a_second_set_up_waits_for_the_first(tree: Path, capfd: pytest.CaptureFixture[str]) -> None:
    order: list[str] = []

    def second() -> None:
        with bootstrap.alone():
            order.append("second")

    waiting = threading.Thread(target=second)
    with bootstrap.alone():
        waiting.start()
        while waiting.is_alive() and "waiting for it" not in capfd.readouterr().err:
            waiting.join(0.01)
        order.append("first")
    waiting.join()
    assert order == ["first", "second"]


def test_a_lock_that_cannot_be_opened_is_told(tree: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tree / ".setup.lock").mkdir()  # root, as which tests may run, is refused by nothing less
    with pytest.raises(SystemExit), bootstrap.alone():
        pass
    told = capfd.readouterr().err
    assert "[setup] .setup.lock cannot be opened" in told and "chown" in told
