"""The contract of the port `Inbox`, for each adapter."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from csv_container import ACCOUNT_KEY, Container, running_container
from ingestion_kernel.infrastructure.storage.adls_calls import connect
from ingestion_kernel.infrastructure.storage.location import AdlsLocation, parse_raw_url
from pydantic import SecretStr

from csv_ingestion.domain.exceptions import FileRejected
from csv_ingestion.domain.ports.inbox import ClaimedFile, Inbox, Purged
from csv_ingestion.domain.readiness import Completion, Readiness
from csv_ingestion.domain.reasons import FileReason, RowReason
from csv_ingestion.domain.retention import Retention
from csv_ingestion.infrastructure.storage.container_claims import Lease
from csv_ingestion.infrastructure.storage.container_inbox import ContainerInbox
from csv_ingestion.infrastructure.storage.container_paths import ContainerPaths
from csv_ingestion.infrastructure.storage.drop_folder import DropFolder

TODAY = datetime.now(UTC).strftime("%Y/%m/%d")
AT_ONCE, FOR_EVER = Readiness(), Retention()
LEASE = 600.0


@dataclass
class Case:
    """An adapter in an empty place, and hands and eyes in that place."""

    make: Callable[[Readiness, Retention, Callable[[float], None]], Inbox]
    drop: Callable[[bytes, str], object]
    files: Callable[[], dict[str, bytes]]
    wait: Callable[[float], None]

    def inbox(self, readiness: Readiness = AT_ONCE, retention: Retention = FOR_EVER) -> Inbox:
        return self.make(readiness, retention, self.wait)

    def claimed(self, readiness: Readiness = AT_ONCE) -> list[str]:
        """Names of the files that a run would claim, each given up again."""
        return [file.name for file in self.inbox(readiness).claims()]


def local_case(root: Path) -> Case:
    def drop(content: bytes, name: str) -> None:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def files() -> dict[str, bytes]:
        found = {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}
        return dict(sorted(found.items()))

    root.mkdir()
    return Case(lambda *rules: DropFolder(root, *rules), drop, files, time.sleep)


def container_case(container: Container, clock: Callable[[], float] = time.monotonic) -> Case:
    location = parse_raw_url(container.url)
    assert isinstance(location, AdlsLocation)
    paths = ContainerPaths(connect(location, SecretStr(ACCOUNT_KEY)), location.prefix)

    def make(readiness: Readiness, retention: Retention, sleep: Callable[[float], None]) -> Inbox:
        return ContainerInbox(paths, readiness, retention, Lease(LEASE, clock), sleep)

    return Case(make, container.drop, container.files, container.advance)


@pytest.fixture(params=["local", "container"])
def case(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Case]:
    if request.param == "local":
        yield local_case(tmp_path / "in")
        return
    with running_container() as container:
        yield container_case(container)


def read(file: ClaimedFile, max_bytes: int = 10**9) -> bytes:
    with file.open(max_bytes, lambda chunk: None) as content:
        content.seek(0)
        return content.read()


def write_to_claimed(case: Case, content: bytes) -> None:
    """As a sender may who still has a.csv open."""
    (path,) = (path for path in case.files() if path.endswith("/a.csv"))
    case.wait(0.02)
    case.drop(content, path)


def test_files_come_oldest_first_and_only_from_the_top(case: Case) -> None:
    for name in ("b.csv", "a.csv", "sub/c.csv"):
        case.drop(b"x", name)
        case.wait(0.02)
    assert case.claimed() == ["b.csv", "a.csv"]
    assert "sub/c.csv" in case.files()


@pytest.mark.parametrize("name", [".x", "~x", "~$x.csv", "x.tmp", "x.PART", "x.filepart", "x.crdownload", "x.done"])
def test_unfinished_files_and_markers_are_left(case: Case, name: str) -> None:
    case.drop(b"x", name)
    assert case.claimed() == [] and name in case.files()


def test_a_claimed_file_is_read_hashed_and_shown_while_it_is_read(case: Case) -> None:
    content = bytes(range(256)) * 40_000  # several ranges
    case.drop(content, "a.csv")
    (file,) = case.inbox().claims()
    seen = bytearray()
    with file.open(len(content), seen.extend) as opened:
        opened.seek(-300, os.SEEK_END)
        assert opened.read() == content[-300:]
        opened.seek(5)
        assert opened.read(9_000_000) == content[5:9_000_005]
    assert (file.name, file.size, file.key) == ("a.csv", len(content), hashlib.sha256(content).hexdigest())
    assert seen == content


def test_limits_of_size(case: Case) -> None:
    case.drop(b"", "empty.csv")
    case.drop(b"12345", "large.csv")
    reasons = {}
    for file in case.inbox().claims():
        with pytest.raises(FileRejected) as raised:
            file.open(4, lambda chunk: None)
        reasons[file.name] = raised.value.reason
    assert reasons == {"empty.csv": FileReason.EMPTY_FILE, "large.csv": FileReason.FILE_TOO_LARGE}


def test_two_looks_must_see_the_same(case: Case) -> None:
    case.drop(b"1", "growing.csv")
    case.drop(b"1", "replaced.csv")
    case.drop(b"1", "still.csv")
    waited = []

    def somebody_writes(seconds: float) -> None:
        waited.append(seconds)
        case.wait(0.02)
        case.drop(b"12", "growing.csv")
        case.drop(b"2", "replaced.csv")
        case.drop(b"1", "new.csv")

    inbox = case.make(Readiness(look_seconds=5), FOR_EVER, somebody_writes)
    assert [file.name for file in inbox.claims()] == ["still.csv"]
    assert waited == [5]
    assert {"growing.csv", "replaced.csv", "new.csv"} <= set(case.files())


def test_a_file_that_is_written_anew_before_its_turn_is_left_for_a_later_run(case: Case) -> None:
    for name in ("a.csv", "b.csv"):
        case.drop(b"the old one", name)
        case.wait(0.02)
    names = []
    for file in case.inbox().claims():
        names.append(file.name)
        case.drop(b"half of", "b.csv")  # long after the look, while a.csv is read
        read(file)
        file.archive(duplicate=False)
    assert names == ["a.csv"] and case.files()["b.csv"] == b"half of"
    case.drop(b"half of the new one, and the rest", "b.csv")
    (file,) = case.inbox().claims()
    assert read(file) == b"half of the new one, and the rest"


def test_a_file_that_is_written_anew_just_when_it_is_claimed_is_set_aside(case: Case) -> None:
    case.drop(b"the old one", "a.csv")
    for file in case.inbox().claims():
        write_to_claimed(case, b"half of")
        with pytest.raises(FileRejected, match="CHANGED_WHILE_READ") as raised:
            read(file)
        file.reject(raised.value)
    assert any(path.startswith("rejected/") and path.endswith("/a.csv") for path in case.files())


def test_a_young_file_is_left_for_a_later_run(case: Case) -> None:
    case.drop(b"1", "a.csv")
    assert case.claimed(Readiness(min_age_seconds=3600)) == []
    assert case.claimed(Readiness(min_age_seconds=0.2, look_seconds=0.5)) == ["a.csv"]


def test_a_marker_says_that_a_file_is_whole_whatever_its_age(case: Case) -> None:
    case.drop(b"1", "a.csv")
    case.drop(b"2", "b.csv")
    case.drop(b"", "b.csv.done")
    (file,) = case.inbox(Readiness(Completion.DONE, min_age_seconds=3600)).claims()
    assert file.name == "b.csv" and "b.csv.done" not in case.files()


@pytest.mark.parametrize("form", ["{0}", "{0}  a.csv\n", "{0} *a.csv\n"])
def test_a_checksum_that_fits(case: Case, form: str) -> None:
    case.drop(b"content", "a.csv")
    case.drop(form.format(hashlib.sha256(b"content").hexdigest().upper()).encode(), "a.csv.sha256")
    (file,) = claims = list(claim_and_read(case, Completion.SHA256))
    assert len(claims) == 1 and file == b"content"
    assert sorted(case.files()) == [f"archive/{TODAY}/a.csv", f"archive/{TODAY}/a.csv.sha256"]


def claim_and_read(case: Case, completion: Completion) -> Iterator[bytes]:
    for file in case.inbox(Readiness(completion)).claims():
        yield read(file)
        file.archive(duplicate=False)


@pytest.mark.parametrize("marker", [b"", b"0" * 64, b"\xff\xfe", b"sha256"])
def test_a_checksum_that_does_not_fit(case: Case, marker: bytes) -> None:
    case.drop(b"content", "a.csv")
    case.drop(marker, "a.csv.sha256")
    for file in case.inbox(Readiness(Completion.SHA256)).claims():
        with pytest.raises(FileRejected, match="CHECKSUM_MISMATCH") as raised:
            file.open(100, lambda chunk: None)
        file.reject(raised.value)
    assert {path.rpartition("/")[2] for path in case.files()} == {"a.csv", "a.csv.sha256", "reason.json"}


def test_nothing_is_overwritten_in_the_archive(case: Case) -> None:
    for content in (b"1", b"2", b"3"):
        case.drop(content, "a.csv")
        for file in case.inbox().claims():
            read(file)
            file.archive(duplicate=content == b"3")
    files = case.files()
    assert sorted(files.values()) == [b"1", b"2", b"3"] and files[f"archive/{TODAY}/a.csv"] == b"1"
    assert files[f"archive/duplicate/{TODAY}/a.csv"] == b"3"
    assert all(path.startswith(f"archive/{TODAY}/") for path, content in files.items() if content == b"2")


def test_a_rejected_file_lies_beside_its_reason(case: Case) -> None:
    case.drop(b"1", "a.csv")
    for file in case.inbox().claims():
        read(file)
        with file.rejected_rows() as rows:  # of an earlier try
            rows.add(2, RowReason.TOO_FEW_FIELDS, ["x"])
            rows.commit()
        file.reject(FileRejected(FileReason.UNCLOSED_QUOTE, line=7))
    folder = f"rejected/{hashlib.sha256(b'1').hexdigest()}"
    files = case.files()
    assert sorted(files) == [f"{folder}/a.csv", f"{folder}/reason.json"]
    reason = json.loads(files[f"{folder}/reason.json"])
    assert (reason["code"], reason["line"], reason["size"]) == ("UNCLOSED_QUOTE", 7, 1)


def test_rejected_rows_are_there_as_a_whole_or_not_at_all(case: Case) -> None:
    case.drop(b"1", "a.csv")
    path = f"rejected/{hashlib.sha256(b'1').hexdigest()}/rows.csv"
    for file in case.inbox().claims():
        read(file)
        with file.rejected_rows() as rows:
            rows.add(2, RowReason.TOO_FEW_FIELDS, ["lost"])
        assert path not in case.files()
        with file.rejected_rows() as rows:
            for line in range(40_000):
                rows.add(line, RowReason.TOO_MANY_FIELDS, ["ação", '"'])
            rows.commit()
        text = case.files()[path].decode().splitlines()
        assert (text[0], len(text)) == ("line,reason,fields", 40_001)
        assert text[-1] == '39999,TOO_MANY_FIELDS,"[""ação"", ""\\""""]"'
        with file.rejected_rows() as rows:
            rows.commit()
        assert path not in case.files()
        file.archive(duplicate=False)


def test_who_changes_a_claimed_file_is_noticed(case: Case) -> None:
    case.drop(b"1" * 100, "a.csv")
    for file in case.inbox().claims():
        with file.open(1000, lambda chunk: None) as content:
            file.refuse_if_changed()
            write_to_claimed(case, b"2" * 100)
            with pytest.raises(FileRejected, match="CHANGED_WHILE_READ") as raised:
                file.refuse_if_changed()
                content.read()
        file.reject(raised.value)
    assert any(path.startswith("rejected/") and path.endswith("/a.csv") for path in case.files())


def test_what_is_not_settled_is_claimed_again(case: Case) -> None:
    case.drop(b"1", "a.csv")
    assert case.claimed() == ["a.csv"]
    assert list(case.files()) != ["a.csv"]
    assert case.claimed() == ["a.csv"]


def test_a_claim_of_the_living_is_not_touched(case: Case) -> None:
    case.drop(b"1", "a.csv")
    claims = case.inbox().claims()
    next(claims)
    assert case.claimed() == []
    claims.close()
    assert case.claimed() == ["a.csv"]


def test_a_duplicate_that_a_dead_process_had_published_is_archived_as_done(case: Case) -> None:
    case.drop(b"1", "a.csv")
    for file in case.inbox().claims():
        read(file)
        file.mark_extracted()
    for file in case.inbox().claims():
        read(file)
        file.archive(duplicate=True)
    assert list(case.files()) == [f"archive/{TODAY}/a.csv"]


def test_a_marker_left_behind_by_a_dead_process_is_found(case: Case) -> None:
    case.drop(b"content", "a.csv")
    list(case.inbox().claims())  # claims without the marker, as if it had died between the two moves
    case.drop(hashlib.sha256(b"content").hexdigest().encode(), "a.csv.sha256")
    assert list(claim_and_read(case, Completion.SHA256)) == [b"content"]


def test_what_outlived_its_retention_is_removed_and_counted(case: Case) -> None:
    old, young = ((datetime.now(UTC) - timedelta(days=days)).strftime("%Y/%m/%d") for days in (9_000, 1))
    for path in (f"archive/{old}/a.csv", f"archive/{old}/k-1/a.csv", f"archive/duplicate/{old}/b.csv"):
        case.drop(b"1", path)
    kept = [f"archive/{young}/a.csv", f"archive/duplicate/{young}/b.csv", "archive/2001/ab/01/x", "archive/x.csv"]
    for path in [*kept, "rejected/abc/a.csv"]:
        case.drop(b"1", path)
    assert case.inbox().purge() == Purged(0, 0)
    assert case.inbox(retention=Retention(archive_days=2, rejected_days=2)).purge() == Purged(3, 0)
    assert sorted(case.files()) == sorted([*kept, "rejected/abc/a.csv"])


def test_check_leaves_nothing(case: Case) -> None:
    case.inbox().check()
    assert case.files() == {}


ODD = ["100%25 ação.csv", "a?b&c=d.csv", "a b+c#d.csv", "x'y\"z.csv", "?sv=2020-01-01.csv"]


def test_odd_names(case: Case) -> None:
    for name in ODD:
        case.drop(name.encode(), name)
    for file in case.inbox().claims():
        assert read(file).decode() == file.name
        file.archive(duplicate=False)
    assert case.files() == {f"archive/{TODAY}/{name}": name.encode() for name in sorted(ODD)}
