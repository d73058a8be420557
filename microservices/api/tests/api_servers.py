"""Real HTTP servers, each in its own process, and records for them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Self

API_KEY = "test-key-0123456789"
_HERE = Path(__file__).parent


def partner_record(number: int, updated_at: str, amount: str = "10.00") -> str:
    """One line of the partner's file; `amount` is written as the very digits of a JSON number."""
    return (
        f'{{"id":"C{number:05d}","customer":{{"document":"529.982.247-25","name":{{"first":"Ana","last":"Souza"}},'
        f'"email":"ana{number}@example.com","phone":"+55 11 5555-0100"}},"payment":{{"card":"4111111111111111"}},'
        f'"purchase":{{"id":"P{number:05d}","date":"2025-03-31","amount":{amount},"product":"Cafeteira"}},'
        f'"store":"São Paulo","updated_at":"{updated_at}"}}'
    )


class _Process:
    """A child process that ends with its context."""

    def __init__(self, command: list[str]) -> None:
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def first_line(self) -> str:
        """What it prints once it listens."""
        assert self._process.stdout
        return self._process.stdout.readline()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.wait(10)
        if self._process.stdout:
            self._process.stdout.close()


class PartnerServer(_Process):
    """The demo's partner API."""

    def __init__(self, folder: Path) -> None:
        self._data = folder / "records.jsonl"
        self._data.write_text("")
        key_file = folder / "key"
        key_file.write_text(API_KEY + "\n")
        options = ["--port", "0", "--data", str(self._data), "--api-key-file", str(key_file)]
        super().__init__([sys.executable, "-m", "demo.partner_api", *options])
        self.base = f"http://127.0.0.1:{json.loads(self.first_line())['port']}/v1/customers"

    def write(self, *lines: str) -> None:
        """Serve these records from now on."""
        self._data.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")

    def url(self, paging: str) -> str:
        """The address of the list, paged so."""
        return f"{self.base}?paging={paging}"


class ScriptedServer(_Process):
    """`scripted_api.py`."""

    def __init__(self, folder: Path, certificate: Path | None = None) -> None:
        folder.mkdir()
        self._folder = folder
        self.play()
        options = [str(certificate)] if certificate else []
        super().__init__([sys.executable, str(_HERE / "scripted_api.py"), str(folder), *options])
        self.origin = f"{'https' if certificate else 'http'}://127.0.0.1:{int(self.first_line())}"
        self.url = f"{self.origin}/list"

    def play(self, *answers: dict[str, Any]) -> None:
        """Give these answers, the last one again and again."""
        (self._folder / "script.json").write_text(json.dumps(answers or [{"status": 500}]))
        (self._folder / "requests.jsonl").unlink(missing_ok=True)

    def requests(self) -> list[dict[str, Any]]:
        """What was asked since `play`."""
        log = self._folder / "requests.jsonl"
        return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
