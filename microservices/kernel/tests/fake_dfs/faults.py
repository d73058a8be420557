"""What can befall a call: all that a network and a busy service do."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from fake_dfs.messages import Call


@dataclass
class Fault:
    """Befalls the next call that `when` (method, query) chooses, once.

    Attributes:
        when: chooses the call.
        drop_reply: the work is done, then the connection closes without an answer.
        drop_request: the connection closes before anything is done.
        take_only: the connection closes after so many bytes of the request's body.
        cut_reply_at: the connection closes after so many bytes of the reply's body.
        delay: seconds to wait before the work.
        status: answered without doing anything (429, 503, 403...).
        retry_after: of that answer: seconds, or an HTTP date.
        sent_at: Date header of that answer, for a Retry-After that is a date.
    """

    when: Callable[[str, dict[str, str]], bool]
    drop_reply: bool = False
    drop_request: bool = False
    take_only: int | None = None
    cut_reply_at: int | None = None
    delay: float = 0
    status: int = 0
    retry_after: int | str | None = None
    sent_at: str | None = None


class Faults:
    """The faults that wait for their call."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[Fault] = []

    def __len__(self) -> int:
        return len(self._waiting)

    def append(self, fault: Fault) -> None:
        """Let it befall the next call that it chooses."""
        self._waiting.append(fault)

    def take(self, call: Call) -> Fault | None:
        """The fault for this call, if one waits."""
        with self._lock:
            fault = next((fault for fault in self._waiting if fault.when(call.method, dict(call.query))), None)
            if fault:
                self._waiting.remove(fault)
        return fault


def is_rename(method: str, query: dict[str, str]) -> bool:
    """Chooses renames."""
    return method == "PUT" and query.get("mode") == "legacy"


def is_append(method: str, query: dict[str, str]) -> bool:
    """Chooses appends."""
    return query.get("action") == "append"


def is_flush(method: str, query: dict[str, str]) -> bool:
    """Chooses flushes."""
    return query.get("action") == "flush"


def is_create(method: str, query: dict[str, str]) -> bool:
    """Chooses the creation of files."""
    return method == "PUT" and query.get("resource") == "file"


def is_make_directory(method: str, query: dict[str, str]) -> bool:
    """Chooses the creation of directories."""
    return method == "PUT" and query.get("resource") == "directory"


def is_list(method: str, query: dict[str, str]) -> bool:
    """Chooses lists."""
    return method == "GET" and query.get("resource") == "filesystem"


def is_download(method: str, query: dict[str, str]) -> bool:
    """Chooses downloads."""
    return method == "GET" and not query


def is_delete(method: str, query: dict[str, str]) -> bool:
    """Chooses deletions."""
    return method == "DELETE"


def is_any(method: str, query: dict[str, str]) -> bool:
    """Chooses whatever comes."""
    return True
