"""What is approved is what is applied: fingerprints of plans, and what of a plan nobody has to approve."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from cdp_actions import notes, terraform
from cdp_actions.errors import ActionFailed
from cdp_actions.plans import read, within
from cdp_dryrun.answers import answer, change, plan
from cdp_dryrun.files import pairs
from cdp_dryrun.world import World

Machine = Callable[..., World]
GROUP = change("module.resource_group.azurerm_resource_group.this", "create", None, {"name": "rg"})
ACCOUNT = change("module.storage.azurerm_storage_account.this", "delete", {"name": "st"}, None)
KEY = "k" * 40


RUNNER, FOREIGN = "203.0.113.9", "203.0.113.66"


def _vault(before: list[str], sku: str = "standard", runner: str = RUNNER) -> dict[str, Any]:
    """Azure tells a single address with /32."""
    told = {"network_acls": [{"ip_rules": [f"{one}/32" for one in before]}], "sku": "standard"}
    wanted = {"network_acls": [{"ip_rules": [runner]}], "sku": sku}
    return change('module.key_vault["job"].azurerm_key_vault.this', "update", told, wanted)


def test_the_runners_own_address_is_no_change() -> None:
    made = read(plan(GROUP, _vault([RUNNER]), change("a.azurerm_x.y", "no-op")), KEY, RUNNER)
    assert made.counts == {"create": 1}
    assert made.fingerprint == read(plan(GROUP), KEY).fingerprint
    assert read(plan(_vault([RUNNER], "premium")), KEY, RUNNER).counts == {"change": 1}


def test_any_other_address_is_a_change() -> None:
    """Somebody opened a firewall by hand, or a runner was killed before it shut itself out."""
    acls = [{"network_rules": [{"ip_rules": rules}]} for rules in ([FOREIGN], [RUNNER], [])]
    lake = [change("module.storage.azurerm_storage_account.this", "update", acls[n], acls[2]) for n in (0, 1)]
    for one in (_vault([RUNNER, FOREIGN]), *lake):  # no runner is let in to the lake
        assert read(plan(one), KEY, RUNNER).counts == {"change": 1}
    assert read(plan(_vault([FOREIGN])), KEY).counts == {"change": 1}


def test_two_runners_come_to_one_fingerprint() -> None:
    other = "198.51.100.7"
    made = [read(plan(_vault([one, FOREIGN], runner=one)), KEY, one).fingerprint for one in (RUNNER, other)]
    assert made[0] == made[1]
    rules = [{"network_acls": [{"ip_rules": [one]}]} for one in (RUNNER, other)]
    new = [plan(change("module.key_vault.azurerm_key_vault.this", "create", None, one)) for one in rules]
    assert read(new[0], KEY, RUNNER).fingerprint == read(new[1], KEY, other).fingerprint


def test_another_value_is_another_plan() -> None:
    other = change("module.resource_group.azurerm_resource_group.this", "create", None, {"name": "other"})
    assert read(plan(GROUP), KEY).fingerprint != read(plan(other), KEY).fingerprint
    assert read(plan(GROUP), KEY).fingerprint != read(plan(GROUP), "another key").fingerprint


def test_what_does_not_change_is_not_approved() -> None:
    """A cluster's tokens are others each hour."""
    made = [
        read(
            plan(
                change(
                    "m.azurerm_kubernetes_cluster.this",
                    "update",
                    {"token": token, "tier": 1},
                    {"token": token, "tier": 2},
                )
            ),
            KEY,
        )
        for token in ("a", "b")
    ]
    assert made[0].fingerprint == made[1].fingerprint
    gone = [
        read(plan(change("m.azurerm_kubernetes_cluster.this", "delete", {"token": token})), KEY) for token in ("a", "b")
    ]
    assert gone[0].fingerprint == gone[1].fingerprint != made[0].fingerprint


def test_what_is_left_is_within() -> None:
    whole, rest = read(plan(GROUP, ACCOUNT), KEY), read(plan(GROUP), KEY)
    assert within(rest, whole) and not within(whole, rest)


def _machine(machine: Machine, *changes: dict[str, Any], **apply: Any) -> World:
    return machine([answer("show -json", out=plan(*changes)), answer("terraform apply", **apply)])


def _applies(world: World) -> int:
    return sum(call.words[:1] == ("apply",) for call in world.calls())


def test_what_was_approved_is_applied(machine: Machine) -> None:
    world = _machine(machine, GROUP)
    terraform.apply("platform", "dev", read(plan(GROUP), "").fingerprint)
    assert _applies(world) == 1
    planned = next(call for call in world.calls() if call.words[:1] == ("plan",))
    assert [word.rpartition("/")[2] for word in planned.words if "-var-file" in word] == [
        "common.tfvars",
        "platform.tfvars",
    ]


@pytest.mark.parametrize("approved", ["", "0" * 64])
def test_what_was_not_approved_is_not_applied(machine: Machine, approved: str) -> None:
    world = _machine(machine, GROUP)
    with pytest.raises(ActionFailed, match=r"1 to create\) is not what was approved"):
        terraform.apply("platform", "dev", approved)
    assert _applies(world) == 0


def test_the_first_lakehouse_only_creates(machine: Machine) -> None:
    world = _machine(machine, change("databricks_catalog.this", "create"))
    terraform.apply("lakehouse", "dev", terraform.FIRST)
    assert _applies(world) == 1


def test_the_first_lakehouse_changes_nothing(machine: Machine) -> None:
    world = _machine(machine, change("databricks_grants.this", "update", {"a": 1}, {"a": 2}))
    with pytest.raises(ActionFailed, match="not what was approved"):
        terraform.apply("lakehouse", "dev", terraform.FIRST)
    assert _applies(world) == 0


def test_data_is_not_destroyed_by_an_apply(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    world = _machine(machine, ACCOUNT)
    for work in (
        lambda: terraform.plan("platform", "dev"),
        lambda: terraform.apply("platform", "dev", read(plan(ACCOUNT), "").fingerprint),
    ):
        with pytest.raises(ActionFailed, match="would destroy data: module.storage") as caught:
            work()
        assert "ALLOW_DATA_LOSS" in caught.value.next_step
    assert _applies(world) == 0
    monkeypatch.setenv("ALLOW_DATA_LOSS", "true")
    terraform.apply("platform", "dev", read(plan(ACCOUNT), "").fingerprint)
    assert _applies(world) == 1


def test_a_role_that_is_too_new_is_waited_for(machine: Machine) -> None:
    late = [{"code": 1, "err": "Error: 403 ForbiddenByRbac"}, {}]
    shown = [
        {"out": plan(GROUP, change("azurerm_key_vault_secret.telemetry", "create"))},
        {"out": plan(change("azurerm_key_vault_secret.telemetry", "create"))},
    ]
    world = machine([answer("show -json", turns=shown), answer("terraform apply", turns=late)])
    terraform.apply("platform", "dev", read(shown[0]["out"], "").fingerprint)
    assert _applies(world) == 2


def test_what_comes_up_meanwhile_is_not_applied(machine: Machine) -> None:
    shown = [{"out": plan(GROUP)}, {"out": plan(ACCOUNT)}]
    world = machine([answer("show -json", turns=shown), answer("terraform apply", code=1, err="ForbiddenByRbac")])
    with pytest.raises(ActionFailed, match="not what was approved"):
        terraform.apply("platform", "dev", read(plan(GROUP), "").fingerprint)
    assert _applies(world) == 1


@pytest.mark.parametrize(
    ("said", "advice"),
    [
        ("Error: Error acquiring the state lock\n\nID: 1", "force-unlock"),
        ("Error: QuotaExceeded for cores", "quota"),
        ("Error: A resource with the ID already exists", "import it"),
        ("Error: ScopeLocked", "lock protects"),
        ("Error: deleting Resource Group: the Resource Group still contains Resources.", "not Terraform's"),
        ("Error: AuthorizationFailed", "checks"),
        ("Error: Failed to get existing workspaces: StorageAccountNotFound", "bootstrap"),
        ("Error: something new", "run the workflow again"),
    ],
)
def test_what_terraform_says_has_a_cure(machine: Machine, said: str, advice: str) -> None:
    machine([answer("terraform plan", code=1, err=said)])
    with pytest.raises(ActionFailed, match="terraform plan of platform failed") as caught:
        terraform.plan("platform", "dev")
    assert advice in caught.value.next_step


def test_a_lakehouse_without_a_platform_is_planned_later(machine: Machine) -> None:
    world = machine([])
    assert terraform.plan("lakehouse", "dev") is None
    assert pairs(world.temp / "github_output") == {"fingerprint": "first", "changes": "0"}
    assert notes.found()[-1][1]["later"]


def test_no_plan_is_left_behind(machine: Machine) -> None:
    world = _machine(machine, GROUP)
    terraform.plan("platform", "dev")
    assert not list(world.temp.rglob("*.tfplan"))


def test_sensitive_outputs_are_left_out(machine: Machine) -> None:
    machine(
        [
            answer(
                "terraform output", out={"a": {"value": 1, "sensitive": False}, "b": {"value": "s", "sensitive": True}}
            )
        ]
    )
    assert terraform.outputs("platform") == {"a": 1}
