"""What Azure made by itself goes from the environment's resource group, and nothing else goes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from cdp_actions import notes, smart_detection
from cdp_actions.errors import ActionFailed
from cdp_dryrun.answers import answer, resource
from cdp_dryrun.world import World

Machine = Callable[..., World]
RULES, GROUPS = "microsoft.alertsManagement/smartDetectorAlertRules", "Microsoft.Insights/actionGroups"
OURS = answer("az group list", out=["rg-cdp-dev-brs"])


def _removed(world: World) -> list[str]:
    return [call.words[3].rpartition("/")[2] for call in world.calls() if call.words[:2] == ("resource", "delete")]


def test_what_only_looks_like_it_stays(machine: Machine) -> None:
    alike = [
        resource(GROUPS, "Failure Anomalies - appi-cdp-dev-brs"),
        resource(GROUPS, "Application Insights Smart Detection 2"),
        resource(RULES, "Our Failure Anomalies - appi-cdp-dev-brs"),
        resource(RULES, "Application Insights Smart Detection"),
        resource("Microsoft.Insights/metricAlerts", "Failure Anomalies - appi-cdp-dev-brs"),
    ]
    world = machine([OURS, answer("az resource list", out=alike)])
    smart_detection.remove("dev")
    assert not _removed(world) and not notes.found()


def test_azure_does_not_keep_to_one_case(machine: Machine) -> None:
    theirs = [
        resource(GROUPS.lower(), "application insights smart detection"),
        resource(RULES.upper(), "failure anomalies - appi-cdp-dev-brs"),
    ]
    world = machine([OURS, answer("az resource list", out=theirs)])
    smart_detection.remove("dev")
    assert _removed(world) == ["failure anomalies - appi-cdp-dev-brs", "application insights smart detection"]


def test_bootstraps_group_is_not_looked_into(machine: Machine) -> None:
    """It has the same tags, and stays when the environment goes."""
    world = machine([answer("az group list", out=["rg-cdp-dev-brs-bootstrap"])])
    smart_detection.remove("dev")
    (asked,) = world.calls()
    assert "tags.project=='customer-data-platform' && tags.environment=='dev' && !managedBy" in asked.line


def test_where_nothing_is_left_there_is_nothing_to_do(machine: Machine) -> None:
    world = machine([answer("az group list", out=[])])
    smart_detection.remove("dev")
    assert len(world.calls()) == 1


def test_a_lock_is_told(machine: Machine) -> None:
    listed = answer("az resource list", out=[resource(GROUPS, "Application Insights Smart Detection")])
    machine([OURS, listed, answer("az resource delete", code=1, err="ERROR: (ScopeLocked) no")])
    with pytest.raises(ActionFailed, match="ScopeLocked") as caught:
        smart_detection.remove("dev")
    assert "must have no lock" in caught.value.next_step
