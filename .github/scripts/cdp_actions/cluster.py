"""The cluster, reached from outside by command invoke, or directly by a runner in its network."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from cdp_actions import aks
from cdp_actions.aks import Invoked
from cdp_actions.shell import attempt, run

_LOGIN = "Look at the step that signs in to Azure, and whether the cluster runs (az aks show)."


class Cluster(Protocol):
    """Runs commands where kubectl and helm reach the API server."""

    def call(self, command: Sequence[str], files: Sequence[Path] = (), *, repeatable: bool = False) -> Invoked:
        """Run a command; files are named in it by their base name. Raises ActionFailed if it could not be run."""


class Outside:
    """By `az aks command invoke`."""

    def __init__(self, group: str, name: str) -> None:
        self._group, self._name = group, name

    def call(self, command: Sequence[str], files: Sequence[Path] = (), *, repeatable: bool = False) -> Invoked:
        """See Cluster."""
        return aks.invoke(self._group, self._name, shlex.join(command), files, repeatable=repeatable)


class Inside:
    """By this machine's own kubectl and helm; Azure's sign-in is the proof, as the cluster has no local accounts."""

    def __init__(self, group: str, name: str) -> None:
        place = ["--resource-group", group, "--name", name]
        run(["az", "aks", "get-credentials", *place, "--overwrite-existing", "--output", "none"], _LOGIN)
        run(
            ["kubelogin", "convert-kubeconfig", "--login", "azurecli"],
            "Install kubelogin on the runner (az aks install-cli).",
        )

    def call(self, command: Sequence[str], files: Sequence[Path] = (), *, repeatable: bool = False) -> Invoked:
        """See Cluster."""
        places = {file.name: str(file.resolve()) for file in files}
        done = attempt([places.get(word, word) for word in command])
        print(done.out, flush=True)
        return Invoked(done.code, done.out + done.err, cut=False)


def reach(output: dict[str, Any]) -> Cluster:
    """The way in that Terraform's output `cluster` tells."""
    kind = Outside if output["command_invoke"] else Inside
    return kind(str(output["resource_group_name"]), str(output["name"]))
