"""The image of a service: built, pushed, named by its digest, signed, with its bill of materials."""

from __future__ import annotations

import json
import os
from pathlib import Path

from cdp_actions import ROOT, notes
from cdp_actions.errors import ActionFailed
from cdp_actions.github_files import set_output
from cdp_actions.shell import run, show

_BUILD = (
    "The Dockerfile's step above failed. make test replays the Dockerfiles; `docker build` on your machine "
    "shows the same."
)
_PUSH = "The identity needs AcrPush on the registry, which `infrastructure` gives it. Has it been applied?"
_SIGN = "Run the job again. Keyless signing needs `id-token: write` and sigstore's services."


def build(service: str) -> None:
    """Build the image on this machine, where it can be looked into before anybody can pull it.

    The step's output `image` is its local name.
    """
    name = f"{service}-ingestion:{_revision()}"
    version = (ROOT / "microservices" / service / "VERSION").read_text(encoding="utf-8").strip()
    labels = {"VERSION": version, "REVISION": _revision(), "SOURCE": _source()}
    arguments = [word for key, value in labels.items() for word in ("--build-arg", f"{key}={value}")]
    file = f"microservices/{service}/Dockerfile"
    show(["docker", "buildx", "build", "--load", "--file", file, *arguments, "--tag", name, "."], _BUILD, cwd=ROOT)
    set_output("image", name)


def push(service: str, registry: str) -> None:
    """Push the image; the step's output `image` is repository@sha256:..., which no later push can change.

    Args:
        registry: login server, such as crcdpdevbrsx7k2.azurecr.io.

    Raises:
        ActionFailed: the registry refuses, or tells no digest.
    """
    repository = f"{registry}/{service}-ingestion"
    run(["az", "acr", "login", "--name", registry.partition(".")[0]], _PUSH)
    tagged = f"{repository}:{_revision()}"
    show(["docker", "tag", f"{service}-ingestion:{_revision()}", tagged], _BUILD)
    show(["docker", "push", "--quiet", tagged], _PUSH)
    told = run(["docker", "inspect", "--format", "{{json .RepoDigests}}", tagged], _PUSH)
    image = next((name for name in json.loads(told) if name.startswith(f"{repository}@sha256:")), None)
    if image is None:
        raise ActionFailed(f"docker tells no digest of {tagged}", "Run the job again.")
    set_output("image", image)
    notes.leave("facts", {"title": f"{service}-ingestion", "rows": [["pushed", image]]})


def sign(image: str, materials: Path) -> None:
    """Sign the digest with this workflow's identity, and attach the bill of materials, signed too.

    Args:
        materials: an SBOM in SPDX JSON.
    """
    if not materials.is_file():
        raise ActionFailed(f"the bill of materials {materials} is not there", "Look at the step that makes it (syft).")
    run(["cosign", "sign", "--yes", image], _SIGN)
    run(["cosign", "attest", "--yes", "--type", "spdxjson", "--predicate", materials, image], _SIGN)


def _revision() -> str:
    return os.environ.get("GITHUB_SHA", "unknown")


def _source() -> str:
    return f"{os.environ.get('GITHUB_SERVER_URL', 'https://github.com')}/{os.environ.get('GITHUB_REPOSITORY', '')}"
