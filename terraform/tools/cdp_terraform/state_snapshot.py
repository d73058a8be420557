"""Encrypted copies of a root's state: taken after an apply, kept as artifacts, restored if the state account is lost.

    python -m cdp_terraform.state_snapshot take terraform/platform --out snapshots
    python -m cdp_terraform.state_snapshot restore snapshots/platform-....tfstate.gpg --push terraform/platform

The key is in STATE_ENCRYPTION_KEY. The clear state passes through memory and pipes only; beside the encrypted file lies
a note (JSON) with root, lineage, serial, time and the file's sha256, none of which is secret.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cdp_terraform.gpg import EncryptionFailed, decrypt, encrypt

KEY = "STATE_ENCRYPTION_KEY"


class SnapshotFailed(Exception):
    """A snapshot was not taken or not restored; the text says why and what to do."""


class NoState(SnapshotFailed):
    """The root has no state: it was never applied."""


def take(root: Path, out: Path, key: str) -> Path:
    """Pull the state of `root` from its backend and keep it encrypted in `out`; the encrypted file.

    Raises:
        NoState: there is none.
        SnapshotFailed: Terraform cannot pull the state.
        EncryptionFailed: gpg is missing, or the key is too short.
    """
    clear = _terraform(root, ["state", "pull"], None, "the state cannot be pulled; has `terraform init` been run?")
    if not clear.strip():
        raise NoState(f"{root} has no state yet: nothing to keep")
    state = _parsed(clear)
    encrypted = encrypt(clear, key)
    out.mkdir(parents=True, exist_ok=True)
    target = out / f"{root.resolve().name}-{state['lineage'][:8]}-{state['serial']:06d}.tfstate.gpg"
    target.write_bytes(encrypted)
    note = {
        "root": root.resolve().name,
        "lineage": state["lineage"],
        "serial": state["serial"],
        "terraform_version": state["terraform_version"],
        "taken_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "sha256": hashlib.sha256(encrypted).hexdigest(),
    }
    note_of(target).write_text(json.dumps(note, indent=2) + "\n", encoding="utf-8")
    return target


def restore(snapshot: Path, key: str) -> bytes:
    """The clear state of a snapshot, after its hash, lineage and serial were compared with the note.

    Raises:
        SnapshotFailed: a file is missing or has been changed, or file and note are not of the same state.
        EncryptionFailed: wrong key, or the file is damaged.
    """
    for path in (snapshot, note_of(snapshot)):
        if not path.is_file():
            raise SnapshotFailed(f"{path} is missing: a snapshot is two files, .tfstate.gpg and .json")
    note = json.loads(note_of(snapshot).read_text(encoding="utf-8"))
    encrypted = snapshot.read_bytes()
    if hashlib.sha256(encrypted).hexdigest() != note["sha256"]:
        raise SnapshotFailed(f"{snapshot} is not the file that was taken: its sha256 is another; fetch it again")
    clear = decrypt(encrypted, key)
    state = _parsed(clear)
    if (state["lineage"], state["serial"]) != (note["lineage"], note["serial"]):
        raise SnapshotFailed(f"{snapshot} holds another state than its note says; take another snapshot")
    return clear


def push(root: Path, clear: bytes, force: bool = False) -> None:
    """Make a state the state of `root`. Without `force` Terraform refuses another lineage and an older serial.

    Raises:
        SnapshotFailed: Terraform refused.
    """
    options = ["-force"] if force else []
    advice = "the state was refused; an older serial or another lineage needs --force, and then a look at the plan"
    _terraform(root, ["state", "push", *options, "-"], clear, advice)


def note_of(snapshot: Path) -> Path:
    """The note beside a snapshot."""
    return snapshot.with_name(snapshot.name.removesuffix(".tfstate.gpg") + ".json")


def _terraform(root: Path, command: list[str], data: bytes | None, failure: str) -> bytes:
    try:
        # input: even without data, so that Terraform does not wait for the terminal
        done = subprocess.run(["terraform", f"-chdir={root}", *command], input=data or b"", capture_output=True)
    except FileNotFoundError:
        raise SnapshotFailed("terraform is not installed, or not on the PATH") from None
    if done.returncode != 0:
        # its messages name resources, never their values
        raise SnapshotFailed(f"{root}: {failure}\n{done.stderr.decode(errors='replace').strip()}")
    return done.stdout


def _parsed(clear: bytes) -> dict[str, Any]:
    try:
        state: dict[str, Any] = json.loads(clear)
        if not isinstance(state["lineage"], str) or not isinstance(state["serial"], int):
            raise TypeError
        state["terraform_version"]
    except (ValueError, KeyError, TypeError):  # their texts may quote the state
        raise SnapshotFailed("this is no Terraform state of version 4") from None
    return state


def main() -> int:
    """Run one command; its exit code."""
    parser = argparse.ArgumentParser(prog="state_snapshot", description=__doc__.split("\n\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    taking = commands.add_parser("take", help="keep the state of a root, encrypted")
    taking.add_argument("root", type=Path)
    taking.add_argument("--out", type=Path, default=Path("snapshots"))
    taking.add_argument("--if-any", action="store_true", help="a root without a state is no failure")
    restoring = commands.add_parser("restore", help="give a state back to its root")
    restoring.add_argument("snapshot", type=Path)
    restoring.add_argument("--push", type=Path, required=True, metavar="ROOT", help="an initialised root")
    restoring.add_argument("--force", action="store_true", help="also an older serial or another lineage")
    chosen = parser.parse_args()
    key = os.environ.get(KEY, "")
    try:
        if not key:
            raise SnapshotFailed(f"set {KEY}; `openssl rand -base64 48` makes one. Keep it apart from the snapshots")
        if chosen.command == "take":
            print(take(chosen.root, chosen.out, key))
        else:
            push(chosen.push, restore(chosen.snapshot, key), chosen.force)
            print(f"{chosen.push} has the state of {chosen.snapshot.name}; look at `terraform plan` before any apply")
    except (SnapshotFailed, EncryptionFailed) as error:
        print(f"state_snapshot: {error}", file=sys.stderr)
        return 0 if isinstance(error, NoState) and chosen.if_any else 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
