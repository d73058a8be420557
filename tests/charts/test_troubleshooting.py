"""The commands of docs/troubleshooting.md name what the charts make."""

from __future__ import annotations

import json
import re
import shlex

import pytest
from charts import NAMESPACE, ROOT, SERVICES, Charts, only, release_of

PAGE = ROOT / "docs" / "troubleshooting.md"
COMMANDS = re.findall(
    r'^az aks command invoke .*--command "(.*)"$', PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE
)
#: The options of a command that make it safe to retype: where it goes is said in full.
INVOKE = "az aks command invoke --resource-group $RG --name $AKS --command "


def words_of(command: str) -> list[list[str]]:
    """The words of each of the commands that && joins, as the shell in the cluster would have them."""
    plain = command.replace('\\"', '"')
    return [shlex.split(part) for part in plain.split("&&")]


def option(words: list[str], name: str) -> str:
    return words[words.index(f"--{name}") + 1]


def test_there_are_ten_and_the_page_says_so() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert len(COMMANDS) == 10 and "## The ten commands" in text
    assert [int(number) for number in re.findall(r"^\*\*(\d+)\. ", text, flags=re.MULTILINE)] == list(range(1, 11))
    for line in text.splitlines():
        if line.startswith("az aks command invoke"):
            assert line.startswith(INVOKE), line


@pytest.mark.parametrize("command", COMMANDS)
def test_each_names_things_that_exist(charts: Charts, command: str) -> None:
    names = {
        (thing["kind"], thing["metadata"]["name"]) for service in SERVICES for thing in charts.objects(service, "dev")
    }
    for words in words_of(command):
        assert words[0] in ("kubectl", "helm")
        assert option(words, "namespace") == NAMESPACE
        for kind, pattern in (("CronJob", r"cronjob[ /](\S+)"), ("Deployment", r"deployment[ /](\S+)")):
            for name in re.findall(pattern, " ".join(words)):
                assert (kind, name) in names, f"no {kind} {name}"
        if words[0] == "helm":
            assert words[2] in map(release_of, SERVICES)


@pytest.mark.parametrize("command", [command for command in COMMANDS if "--selector" in command])
def test_each_selector_finds_pods(charts: Charts, command: str) -> None:
    objects = charts.objects("csv", "prod")
    pods = {
        "server": only(objects, "Deployment")["spec"]["template"]["metadata"]["labels"],
        "ingest": only(objects, "CronJob")["spec"]["jobTemplate"]["spec"]["template"]["metadata"]["labels"],
    }
    ((words),) = words_of(command)
    wanted = dict(pair.split("=") for pair in option(words, "selector").split(","))
    found = [name for name, labels in pods.items() if wanted.items() <= labels.items()]
    assert found == ([wanted["app.kubernetes.io/component"]] if len(wanted) > 1 else list(pods))


def test_the_job_by_hand_is_not_the_schedules(charts: Charts) -> None:
    (command,) = [command for command in COMMANDS if "create job" in command]
    ((words),) = words_of(command)
    assert words[-1] not in {thing["metadata"]["name"] for thing in charts.objects("csv", "prod")}
    assert option(words, "from") == "cronjob/csv-ingestion-ingest"


def test_what_runs_inside_the_container_is_its_program() -> None:
    (command,) = [command for command in COMMANDS if " exec " in command]
    ((words),) = words_of(command)
    inside = words[words.index("--") + 1 :]
    setup = (ROOT / "microservices" / "csv" / "setup.py").read_text(encoding="utf-8")
    assert f'"{inside[0]} = ' in setup and inside[1:] == ["check"]


def test_the_shells_quotes_are_right() -> None:
    """Typed into bash, each line hands az one argument after --command, and the patch is JSON."""
    (command,) = [command for command in COMMANDS if " patch " in command]
    ((words),) = words_of(command)
    assert json.loads(option(words, "patch")) == {"spec": {"suspend": True}}
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if line.startswith(INVOKE):
            outer = shlex.split(line)
            assert outer[-2] == "--command", "one argument and no more"


def test_the_page_is_linked() -> None:
    for page in (ROOT / "README.md", ROOT / "helm" / "README.md"):
        assert "troubleshooting.md" in page.read_text(encoding="utf-8"), page
