"""Small parts: what changed, what is released, what a summary may not hold, what prod refuses."""

from __future__ import annotations

import json
import subprocess
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cdp_actions import changes, commands_github, github_files, notes, preflight, release, summary
from cdp_actions.errors import ActionFailed
from cdp_actions.sections import table
from cdp_dryrun.files import pairs
from cdp_dryrun.repository import PLANTED, SECRETS
from cdp_dryrun.server import Server
from cdp_dryrun.world import World

Machine = Callable[..., World]


@pytest.fixture
def commits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[str, str]]:
    """Two commits, the second of which touches the files that are named."""

    def make(*files: str) -> tuple[str, str]:
        def git(*words: str) -> str:
            own = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"]
            return subprocess.run(
                ["git", *own, *words], cwd=tmp_path, check=True, capture_output=True, text=True
            ).stdout.strip()

        git("init", "--quiet")
        git("commit", "--quiet", "--allow-empty", "--message", "one")
        before = git("rev-parse", "HEAD")
        for name in files:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text("x", encoding="utf-8")
        git("add", "--all")
        git("commit", "--quiet", "--allow-empty", "--message", "two")
        return before, git("rev-parse", "HEAD")

    monkeypatch.setattr(changes, "ROOT", tmp_path)
    return make


@pytest.mark.parametrize(
    ("files", "infrastructure", "services", "transformation"),
    [
        (["README.md"], False, [], False),
        (["terraform/platform/main.tf"], True, [], False),
        (["microservices/csv/src/é x.py"], False, ["csv"], False),
        (["microservices/kernel/src/x.py"], False, ["database", "api", "csv"], False),
        (["contracts/customers.odcs.yaml"], False, ["database", "api", "csv"], True),
        (["processing_job/src/x.py", "assets/dashboards/job.json"], True, [], True),
    ],
)
def test_what_changed(
    machine: Machine,
    commits: Callable[..., tuple[str, str]],
    monkeypatch: pytest.MonkeyPatch,
    files: list[str],
    infrastructure: bool,
    services: list[str],
    transformation: bool,
) -> None:
    world = machine([])
    changes.find(*commits(*files))
    found = pairs(world.temp / "github_output")
    assert found["infrastructure"] == str(infrastructure).lower()
    assert json.loads(found["services"]) == services
    assert found["transformation"] == str(transformation).lower()


@pytest.mark.parametrize("before", ["", "0" * 40, "f" * 40, "--output=/etc/passwd"])
def test_where_it_is_not_known_all_changed(
    machine: Machine, commits: Callable[..., tuple[str, str]], before: str
) -> None:
    world = machine([])
    changes.find(before, commits()[1])
    found = pairs(world.temp / "github_output")
    assert found["infrastructure"] == found["transformation"] == "true"
    assert json.loads(found["services"]) == ["database", "api", "csv"]


RUNS = "GET /repos/retailer/platform/actions/workflows/deploy.yml/runs"


def _run(sha: str, started: str) -> dict[str, str]:
    return {"head_sha": sha * 40, "run_started_at": started}


@pytest.mark.parametrize(
    ("reply", "commit"),
    [
        ((200, {}, {"workflow_runs": []}), ""),
        ((403, {}, {"message": "Resource not accessible by integration"}), ""),
        # newest first by creation, as GitHub lists them; the older one was run again, and so was deployed last
        ((200, {}, {"workflow_runs": [_run("b", "2026-11-02T09Z"), _run("a", "2026-11-03T09Z")]}), "a" * 40),
    ],
)
def test_what_was_deployed_last(
    machine: Machine, server: Server, monkeypatch: pytest.MonkeyPatch, reply: Any, commit: str
) -> None:
    machine([])
    monkeypatch.setenv("GITHUB_API_URL", server.url)
    monkeypatch.setenv("GITHUB_REPOSITORY", "retailer/platform")
    server.replies[RUNS] = reply
    assert changes.deployed() == commit
    ((asked, _),) = server.asked
    assert {"branch=main", "event=push", "status=success"} <= set(asked.partition("?")[2].split("&"))


@pytest.mark.parametrize(("event", "services"), [("push", ["csv"]), ("workflow_dispatch", ["database", "api", "csv"])])
def test_what_failed_or_was_cancelled_is_made_up_for(
    machine: Machine,
    server: Server,
    commits: Callable[..., tuple[str, str]],
    monkeypatch: pytest.MonkeyPatch,
    event: str,
    services: list[str],
) -> None:
    """Two pushes: the first, of csv, was never deployed; the second touches a page alone. By hand it is everything."""
    deployed, _ = commits("microservices/csv/src/x.py")
    _, pushed = commits("README.md")
    world = machine([])
    server.replies[RUNS] = (200, {}, {"workflow_runs": [{"head_sha": deployed, "run_started_at": "2026-11-02"}]})
    environment = {"GITHUB_EVENT_NAME": event, "GITHUB_SHA": pushed, "GITHUB_REPOSITORY": "retailer/platform"}
    for name, value in {**environment, "GITHUB_API_URL": server.url}.items():
        monkeypatch.setenv(name, value)
    commands_github.find_changes(Namespace())
    assert json.loads(pairs(world.temp / "github_output")["services"]) == services


@pytest.mark.parametrize(
    ("given", "service", "chosen"),
    [("", "all", ["database", "api", "csv"]), ("", "api", ["api"]), ('["csv"]', "", ["csv"]), ("[]", "", [])],
)
def test_chosen_services(machine: Machine, given: str, service: str, chosen: list[str]) -> None:
    world = machine([])
    changes.choose(given, service)
    assert json.loads(pairs(world.temp / "github_output")["services"]) == chosen


def test_only_some_services(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    world = machine([])
    monkeypatch.setenv("ENABLED_SERVICES", '["csv", "api"]')
    changes.choose("", "all")
    assert json.loads(pairs(world.temp / "github_output")["services"]) == ["api", "csv"]


@pytest.mark.parametrize("text", ["csv", '["ftp"]', "[1]", '{"csv": 1, "x": 2}'])
def test_services_that_are_none(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("ENABLED_SERVICES", text)
    with pytest.raises(ActionFailed, match="variable SERVICES"):
        changes.choose("", "all")


def test_a_service_that_is_none() -> None:
    with pytest.raises(ActionFailed, match="no service 'ftp'"):
        changes.choose('["ftp"]', "")


def _repository(folder: Path, version: str, changelog: str) -> Path:
    (folder / "VERSION").write_text(version, encoding="utf-8")
    (folder / "CHANGELOG.md").write_text(changelog, encoding="utf-8")
    return folder


def test_this_release_can_be_made() -> None:
    version, text = release.prepare()
    assert version and text


def test_a_release_has_its_own_section(tmp_path: Path) -> None:
    text = (
        "# Changelog\n\n## [1.2.0] - 2026-01-02\n\n### Added\n\n- New.\n\n## [1.1.0]\n\n- Old.\n\n[1.2.0]: https://x\n"
    )
    assert release.prepare(_repository(tmp_path, "1.2.0\n", text)) == ("1.2.0", "### Added\n\n- New.")
    assert release.prepare(_repository(tmp_path, "1.1.0\n", text)) == ("1.1.0", "- Old.")


@pytest.mark.parametrize(
    ("version", "said"), [("1.3.0", "no section 1.3.0"), ("v1", "no semantic version"), ("1.20", "semantic")]
)
def test_a_release_that_cannot_be_made(tmp_path: Path, version: str, said: str) -> None:
    with pytest.raises(ActionFailed, match=said):
        release.prepare(_repository(tmp_path, version, "## [1.2.0]\n\n- New.\n"))


def test_secrets_are_blotted_out_of_notes_and_summaries(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    world = machine([])
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    for value in PLANTED:
        notes.leave("error", f"terraform said {value}")
        notes.leave("facts", {"title": value, "rows": [[value, json.dumps(value)]]})
    monkeypatch.setenv("STEPS", json.dumps({"x": {"outcome": "failure", "outputs": {"y": PLANTED[0]}}}))
    summary.write("Test", "dev", costs=False)
    for path in world.temp.iterdir():
        text = path.read_text(encoding="utf-8")
        assert not [value for value in PLANTED if value in text], path
        assert "***" in text


def test_a_summary_stays_within_githubs_limit(machine: Machine) -> None:
    world = machine([])
    github_files.add_summary("é" * github_files.SUMMARY_LIMIT)
    text = (world.temp / "github_step_summary").read_bytes()
    assert len(text) <= github_files.SUMMARY_LIMIT and b"(cut: the rest is in the log)" in text
    text.decode()


def test_a_value_cannot_smuggle_in_another(machine: Machine) -> None:
    world = machine([])
    github_files.set_output("a", "1\nb=2\nEOF\nc<<EOF")
    assert list(pairs(world.temp / "github_output")) == ["a"]


def test_cells_do_not_break_a_table() -> None:
    assert table(("a",), [["x|y\nz"]]).splitlines()[-1] == "| x\\|y z |"


def test_the_overview() -> None:
    needs: dict[str, Any] = {
        "infrastructure": {"result": "success", "outputs": {"resources": '{"lake": "/subscriptions/1/x/lake"}'}},
        "ingestion": {"result": "failure", "outputs": {}},
        "transformation": {"result": "skipped", "outputs": {}},
    }
    text = summary.overview("dev", needs)
    assert "| infrastructure | ✅ success |" in text and "| transformation | ➖ as it was |" in text
    assert "## What to do next\n\n- `ingestion`" in text and "portal.azure.com" in text


@pytest.mark.parametrize(("environment", "access"), [("dev", "public"), ("pre", "public"), ("prod", "self_hosted")])
def test_runner_access(environment: str, access: str) -> None:
    assert preflight.runner_access(environment) == access


def test_no_such_environment() -> None:
    with pytest.raises(ActionFailed, match="no environment"):
        preflight.runner_access("../dev")


REVIEWED = (200, {}, {"protection_rules": [{"type": "branch_policy"}, {"type": "required_reviewers"}]})
UNREVIEWED = (200, {}, {"protection_rules": [{"type": "branch_policy"}]})
UNKNOWN = (404, {}, {"message": "Not Found"})


@pytest.mark.parametrize(
    ("environment", "reply", "allowed", "told"),
    [
        ("prod", REVIEWED, "", []),
        ("dev", UNREVIEWED, "", ["it has no required reviewers"]),
        ("dev", UNKNOWN, "", ["GitHub answered 404"]),
        ("prod", UNREVIEWED, "true", ["it has no required reviewers"]),
    ],
)
def test_it_is_told_where_nobody_is_asked(
    machine: Machine,
    server: Server,
    monkeypatch: pytest.MonkeyPatch,
    environment: str,
    reply: Any,
    allowed: str,
    told: list[str],
) -> None:
    machine([])
    _approvals(monkeypatch, server, environment, reply, allowed)
    preflight.check_approval(environment)
    assert [content["rows"][0][1].rpartition(": ")[2] for _, content in notes.found()] == told


@pytest.mark.parametrize("reply", [UNREVIEWED, UNKNOWN])
def test_prod_is_not_changed_where_nobody_is_asked(
    machine: Machine, server: Server, monkeypatch: pytest.MonkeyPatch, reply: Any
) -> None:
    machine([])
    _approvals(monkeypatch, server, "prod", reply, "")
    with pytest.raises(ActionFailed, match="nobody would be asked before prod is changed") as caught:
        preflight.check_approval("prod")
    assert "ALLOW_UNAPPROVED" in caught.value.next_step


def _approvals(monkeypatch: pytest.MonkeyPatch, server: Server, environment: str, reply: Any, allowed: str) -> None:
    server.replies[f"GET /repos/retailer/platform/environments/{environment}"] = reply
    monkeypatch.setenv("GITHUB_API_URL", server.url)
    monkeypatch.setenv("GITHUB_REPOSITORY", "retailer/platform")
    monkeypatch.setenv("ALLOW_UNAPPROVED", allowed)
