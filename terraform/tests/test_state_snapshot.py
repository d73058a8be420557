"""Snapshots of a state: taken from a real root, encrypted by the real gpg, given back by the real Terraform."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from cdp_terraform import gpg, state_snapshot
from cdp_terraform.gpg import EncryptionFailed
from cdp_terraform.state_snapshot import SnapshotFailed, note_of, push, restore, take

KEY = "correct-horse-battery-staple-0123456789"
SECRET = "value-that-must-not-be-seen"
# The built-in provider: Terraform carries it, nothing is downloaded.
ROOT = 'resource "terraform_data" "one" {\n  input = "value-that-must-not-be-seen"\n}\n'


@pytest.fixture
def root(tmp_path: Path, tool: Callable[[str], str], monkeypatch: pytest.MonkeyPatch) -> Path:
    """A root that has been applied, with a local state."""
    tool("gpg")
    binary = Path(tool("terraform"))
    monkeypatch.setenv("PATH", f"{binary.parent}:/usr/bin:/bin")
    monkeypatch.setenv("TF_CLI_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("CHECKPOINT_DISABLE", "1")
    folder = tmp_path / "lake"
    folder.mkdir()
    (folder / "main.tf").write_text(ROOT, encoding="utf-8")
    _terraform(folder, "init", "-input=false")
    _terraform(folder, "apply", "-auto-approve", "-input=false")
    return folder


def _terraform(folder: Path, *command: str) -> str:
    done = subprocess.run(["terraform", f"-chdir={folder}", *command], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_lost_state_comes_back(root: Path, tmp_path: Path) -> None:
    kept = take(root, tmp_path / "out", KEY)
    before = _terraform(root, "state", "pull")
    (root / "terraform.tfstate").unlink()
    assert "1 to add" in _terraform(root, "plan", "-no-color", "-input=false")
    push(root, restore(kept, KEY))
    assert _terraform(root, "state", "list") == "terraform_data.one\n"
    assert json.loads(_terraform(root, "state", "pull"))["resources"] == json.loads(before)["resources"]
    assert "No changes" in _terraform(root, "plan", "-no-color", "-input=false")


def test_an_older_state_is_taken_only_by_force(root: Path, tmp_path: Path) -> None:
    kept = take(root, tmp_path / "out", KEY)
    (root / "main.tf").write_text(ROOT + 'resource "terraform_data" "two" {\n}\n', encoding="utf-8")
    _terraform(root, "apply", "-auto-approve", "-input=false")
    with pytest.raises(SnapshotFailed, match="--force"):
        push(root, restore(kept, KEY))
    push(root, restore(kept, KEY), force=True)
    assert "two" not in _terraform(root, "state", "list")


def test_nothing_clear_is_left_on_disk(root: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    kept = take(root, out, KEY)
    assert {path.suffix for path in out.iterdir()} == {".gpg", ".json"}
    assert not [path for path in out.iterdir() if SECRET.encode() in path.read_bytes()]
    note = json.loads(note_of(kept).read_text(encoding="utf-8"))
    assert set(note) == {"root", "lineage", "serial", "terraform_version", "taken_at", "sha256"}
    listed = subprocess.run(["gpg", "--list-packets", "--batch"], input=kept.read_bytes(), capture_output=True).stdout
    assert b"cipher 9" in listed and b"hash 10" in listed  # AES-256, SHA-512 (RFC 9580, 9.3 and 9.5)
    assert b"mdc_method" in listed or b"aead" in listed


def test_a_changed_file_is_refused(root: Path, tmp_path: Path) -> None:
    kept = take(root, tmp_path / "out", KEY)
    data = bytearray(kept.read_bytes())
    data[-20] ^= 1
    kept.write_bytes(data)
    with pytest.raises(SnapshotFailed, match="sha256"):
        restore(kept, KEY)
    with pytest.raises(EncryptionFailed, match="damaged"):
        gpg.decrypt(bytes(data), KEY)


def test_another_states_note_is_refused(root: Path, tmp_path: Path) -> None:
    kept = take(root, tmp_path / "out", KEY)
    note = json.loads(note_of(kept).read_text(encoding="utf-8"))
    note_of(kept).write_text(json.dumps(note | {"serial": note["serial"] + 1}), encoding="utf-8")
    with pytest.raises(SnapshotFailed, match="another state"):
        restore(kept, KEY)
    note_of(kept).unlink()
    with pytest.raises(SnapshotFailed, match="is missing"):
        restore(kept, KEY)


def test_wrong_and_short_keys(tool: Callable[[str], str]) -> None:
    tool("gpg")
    encrypted = gpg.encrypt(b"state", KEY)
    assert gpg.decrypt(encrypted, KEY) == b"state"
    with pytest.raises(EncryptionFailed, match="wrong key"):
        gpg.decrypt(encrypted, KEY + "x")
    with pytest.raises(EncryptionFailed, match="at least 32"):
        gpg.encrypt(b"state", "short")


def test_a_root_without_a_state(tmp_path: Path, tool: Callable[[str], str]) -> None:
    tool("terraform")
    tmp_path.joinpath("main.tf").write_text(ROOT, encoding="utf-8")
    with pytest.raises(SnapshotFailed, match="no state yet|terraform init"):
        take(tmp_path, tmp_path / "out", KEY)


def test_a_root_without_a_state_is_passed_over_if_asked(
    tmp_path: Path, tool: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a Terraform that pulls nothing, as it may from a backend that was never written to."""
    (tmp_path / "terraform").symlink_to("/bin/true")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("STATE_ENCRYPTION_KEY", KEY)
    command = ["state_snapshot", "take", str(tmp_path), "--out", str(tmp_path / "out")]
    monkeypatch.setattr("sys.argv", command)
    assert state_snapshot.main() == 1
    monkeypatch.setattr("sys.argv", [*command, "--if-any"])
    assert state_snapshot.main() == 0
    (tmp_path / "terraform").unlink()
    (tmp_path / "terraform").symlink_to("/bin/false")  # a state that cannot be read is a failure in any case
    assert state_snapshot.main() == 1


def test_what_is_no_state() -> None:
    for text in (b"{}", b"not json", b"[]", b'{"lineage": 1, "serial": "x"}'):
        with pytest.raises(SnapshotFailed, match="no Terraform state"):
            state_snapshot._parsed(text)


def test_the_command(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["state_snapshot", "take", str(root), "--out", str(tmp_path / "out")])
    monkeypatch.delenv("STATE_ENCRYPTION_KEY", raising=False)
    assert state_snapshot.main() == 1
    assert "set STATE_ENCRYPTION_KEY" in capsys.readouterr().err
    monkeypatch.setenv("STATE_ENCRYPTION_KEY", KEY)
    assert state_snapshot.main() == 0
    kept = capsys.readouterr().out.strip()
    (root / "terraform.tfstate").unlink()
    monkeypatch.setattr("sys.argv", ["state_snapshot", "restore", kept, "--push", str(root)])
    assert state_snapshot.main() == 0
    assert "look at `terraform plan`" in capsys.readouterr().out
    assert _terraform(root, "state", "list") == "terraform_data.one\n"
