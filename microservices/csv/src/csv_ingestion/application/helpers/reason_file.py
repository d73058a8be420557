"""What is written beside a file that was set aside."""

from __future__ import annotations

import json

from csv_ingestion.domain.exceptions import FileRejected
from csv_ingestion.domain.retention import utc_now


def reason_json(reason: FileRejected, name: str, size: int, key: str) -> bytes:
    """reason.json: what is wrong, where, and what to do next; never a value of a row."""
    told = {
        "code": reason.reason.value,
        "line": reason.line,
        "columns": list(reason.columns),
        "advice": reason.advice,
        "file": name,
        "size": size,
        "key": key,
        "rejected_at": utc_now().isoformat(timespec="seconds"),
    }
    return (json.dumps(told, ensure_ascii=False, indent=1) + "\n").encode()
