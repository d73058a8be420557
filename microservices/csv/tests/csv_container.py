"""A container as inbox, on the kernel's own server of ADLS Gen2's calls. The only place that knows that server."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from csv_world import World

sys.path.append(str(Path(__file__).parents[2] / "kernel" / "tests"))

from fake_dfs.entries import Account, HandClock  # noqa: E402  (needs the path)
from fake_dfs.faults import Fault  # noqa: E402
from fake_dfs.server import FakeDfs, running  # noqa: E402

ACCOUNT_KEY = "c2VjcmV0"
PREFIX = "drop/in"


class Container:
    """The server, and eyes and hands within the inbox: paths are relative to `PREFIX`."""

    def __init__(self, server: FakeDfs, clock: HandClock) -> None:
        self._server = server
        self._clock = clock
        self._account = server.account
        self._paths = server.account.containers["raw"]
        self.url = f"{server.url}/{PREFIX}"
        self._make_folders(f"{PREFIX}/.")

    def drop(self, content: bytes, name: str) -> None:
        """Put a file there, or another one in its place."""
        with self._account.lock:
            self._make_folders(f"{PREFIX}/{name}")
            entry = self._account.new_entry(directory=False)
            entry.blocks = [content]
            self._paths[f"{PREFIX}/{name}"] = entry

    def _make_folders(self, path: str) -> None:
        steps = path.split("/")
        for depth in range(1, len(steps)):
            self._paths.setdefault("/".join(steps[:depth]), self._account.new_entry(directory=True))

    def files(self) -> dict[str, bytes]:
        """All files and their content."""
        with self._account.lock:
            found = {path: entry.data for path, entry in self._paths.items() if not entry.directory}
        return {path.removeprefix(f"{PREFIX}/"): data for path, data in sorted(found.items())}

    def advance(self, seconds: float) -> None:
        """Let time pass by the service's clock, which shows whole seconds."""
        self._clock.advance(max(1, round(seconds)))

    def now(self) -> float:
        """The service's clock."""
        return self._clock.now

    def break_next_delete(self, **fault: Any) -> None:
        """Let a fault befall the next removal."""
        self._server.faults.append(Fault(lambda method, query: method == "DELETE", **fault))

    def break_next_rename(self, **fault: Any) -> None:
        """Let the next rename end so: see `Fault`."""
        self._server.faults.append(Fault(lambda method, query: method == "PUT" and "resource" not in query, **fault))

    def calls(self) -> list[str]:
        """The methods of all calls so far."""
        return [call.method for call in self._server.calls]


@dataclass
class ContainerWorld(World):
    """A container as inbox and a raw lake on the disk."""

    container: Container

    def environment(self, **settings: str) -> dict[str, str]:
        """See `World`."""
        place = {"CSV_INPUT_DIR": self.container.url, "ADLS_ACCOUNT_KEY": ACCOUNT_KEY}
        return super().environment(**(place | settings))


@contextmanager
def running_container() -> Iterator[Container]:
    """The server, in a thread."""
    clock = HandClock()
    with running(Account(clock)) as server:
        yield Container(server, clock)
