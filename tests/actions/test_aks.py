"""Command invoke: the result is read from the JSON, never from az's own code; repeated only where that does no harm."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cdp_actions import aks
from cdp_actions.errors import ActionFailed
from cdp_dryrun.answers import answer, invoked
from cdp_dryrun.world import World

Machine = Callable[..., World]


def _invoke(**options: Any) -> aks.Invoked:
    return aks.invoke("rg", "aks", "helm upgrade x", **options)


def test_what_the_command_said(machine: Machine, tmp_path: Path) -> None:
    chart = tmp_path / "chart.tgz"
    chart.write_bytes(b"x")
    world = machine([answer("invoke", out=invoked(0, "released"))])
    assert _invoke(files=[chart]) == aks.Invoked(0, "released", cut=False)
    (call,) = world.calls()
    assert call.words[-4:] == ("--file", str(chart), "--output", "json")


def test_the_commands_own_exit_code_counts(machine: Machine) -> None:
    machine([answer("invoke", out=invoked(7, "no"))])  # az itself returns 0
    assert _invoke().code == 7


@pytest.mark.parametrize(
    ("told", "said", "advice"),
    [
        ({"out": invoked(0, state="Failed")}, "not known", "Look before"),
        ({"out": "no JSON"}, "not known", "Look before"),
        ({"out": {"provisioningState": "Succeeded"}}, "no exit code", "cluster"),
        ({"code": 1, "err": "(AuthorizationFailed) no"}, "refuses", "RBAC Cluster Admin"),
        ({"code": 1, "err": "RunCommand is disabled"}, "takes no commands", "runner in the network"),
    ],
)
def test_what_is_not_known_is_not_repeated(machine: Machine, told: dict[str, Any], said: str, advice: str) -> None:
    world = machine([answer("invoke", **told)])
    with pytest.raises(ActionFailed, match=said) as caught:
        _invoke()
    assert advice in caught.value.next_step
    assert len(world.calls()) == 1


@pytest.mark.parametrize(
    "sign",
    [
        {"code": 1, "err": "KubernetesPerformanceError: no place"},
        {"out": {**invoked(), "provisioningState": "Failed", "reason": "failed to schedule the pod"}},
    ],
)
def test_what_never_began_is_repeated(machine: Machine, sign: dict[str, Any]) -> None:
    world = machine([answer("invoke", turns=[sign, sign, {"out": invoked(0, "done")}])])
    assert _invoke().logs == "done"
    assert len(world.calls()) == 3


def test_after_three_attempts_it_gives_up(machine: Machine) -> None:
    world = machine([answer("invoke", code=1, err="KubernetesPerformanceError")])
    with pytest.raises(ActionFailed, match="found no place"):
        _invoke()
    assert len(world.calls()) == 3


def test_what_only_looks_is_repeated(machine: Machine) -> None:
    world = machine([answer("invoke", turns=[{"out": invoked(0, state="Failed")}, {"out": invoked(0)}])])
    assert _invoke(repeatable=True).code == 0
    assert len(world.calls()) == 2


def test_a_cut_output_is_told(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    machine([answer("invoke", out=invoked(0, "x" * aks.OUTPUT_LIMIT))])
    assert _invoke().cut
    assert "::warning::The output was cut" in capsys.readouterr().out


def test_files_that_azure_would_refuse(machine: Machine, tmp_path: Path) -> None:
    world = machine([])
    large, folder, twin = tmp_path / "large.tgz", tmp_path / "folder", tmp_path / "folder" / "large.tgz"
    large.write_bytes(b"x" * (aks.FILES_LIMIT + 1))
    folder.mkdir()
    twin.write_bytes(b"x")
    for files, said in (([large], "may be sent"), ([folder], "is no file"), ([twin, twin], "overwrite")):
        with pytest.raises(ActionFailed, match=said):
            _invoke(files=files)
    assert not world.calls()
