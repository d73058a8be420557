"""Deploys one service to a kind cluster on this machine: `python3 scripts/deploy_local.py csv`; --print only tells how.

The cluster and its registry are kept between calls, and made as kind documents them: a chart takes images by digest
only, and only a registry gives digests. Needed: docker, kind, kubectl. Secrets come from the environment:
SERVICE_TOKEN (made if unset), DATABASE_URL for database, API_KEY for api. Source: kind's guide "Local Registry".
"""

from __future__ import annotations

import argparse
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CLUSTER = "cdp"
REGISTRY = "kind-registry"
REGISTRY_ADDRESS = "localhost:5001"
NAMESPACE = "ingestion"
#: Service -> the secrets that must be given.
NEEDED = {"database": ("DATABASE_URL",), "api": ("API_KEY",), "csv": ()}
HELM = ROOT / ".tools" / "bin" / "helm"
_CONFIG = """kind: Cluster
apiVersion: kind.x-k8s.io/v1alpha4
containerdConfigPatches:
  - |-
    [plugins."io.containerd.grpc.v1.cri".registry]
      config_path = "/etc/containerd/certs.d"
"""
_HOSTS = f'[host."http://{REGISTRY}:5000"]\n'
_NAMESPACE = f"""apiVersion: v1
kind: Namespace
metadata:
  name: {NAMESPACE}
  labels:
    pod-security.kubernetes.io/enforce: restricted
"""


class Machine:
    """Runs commands, or only prints them."""

    def __init__(self, only_print: bool) -> None:
        self._only_print = only_print

    def run(self, *command: str | Path, given: str | None = None) -> str:
        """What the command prints. Its own complaints are shown; it stops everything if it fails."""
        words = [str(word) for word in command]
        print("+", " ".join(words), file=sys.stderr)
        if self._only_print:
            return ""
        done = subprocess.run(words, cwd=ROOT, input=given, stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode:
            sys.exit(f"{words[0]} ended with {done.returncode}; the lines above tell why. What was done stays.")
        return done.stdout.strip()


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("service", choices=sorted(NEEDED))
    parser.add_argument("--print", action="store_true", dest="only_print", help="print the commands, run none")
    given = parser.parse_args()
    check_tools(given.only_print)
    check_secrets(given.service)
    machine = Machine(given.only_print)
    make_cluster(machine)
    digest = push_image(machine, given.service)
    deploy(machine, given.service, digest)


def check_tools(only_print: bool) -> None:
    """Stop unless everything is there that is needed."""
    absent = [name for name in ("docker", "kind", "kubectl") if not shutil.which(name)]
    if absent and not only_print:
        sys.exit(
            f"{', '.join(absent)} not found on the PATH; install what is missing, or see what would be done: --print"
        )
    if not HELM.exists() and not only_print:
        sys.exit("helm is missing; run make tools")


def check_secrets(service: str) -> None:
    """Stop unless the service's secrets are in the environment."""
    absent = [name for name in NEEDED[service] if not os.environ.get(name)]
    if absent:
        sys.exit(
            f"set {', '.join(absent)}: {service} cannot reach its source without. It must be reachable from the cluster"
        )


def make_cluster(machine: Machine) -> None:
    """A cluster and a registry, unless they are there."""
    if CLUSTER not in machine.run("kind", "get", "clusters").splitlines():
        machine.run("kind", "create", "cluster", "--name", CLUSTER, "--config", "-", given=_CONFIG)
    if REGISTRY in machine.run("docker", "ps", "--all", "--format", "{{.Names}}").splitlines():
        machine.run("docker", "start", REGISTRY)  # does nothing if it runs; one made without --restart stops for good
    else:
        published = f"127.0.0.1:{REGISTRY_ADDRESS.rpartition(':')[2]}:5000"
        place = ("--restart=always", "--network", "kind", "--publish", published)
        machine.run("docker", "run", "--detach", *place, "--name", REGISTRY, "registry:3")
    place = f"/etc/containerd/certs.d/{REGISTRY_ADDRESS}"
    for node in machine.run("kind", "get", "nodes", "--name", CLUSTER).splitlines():
        machine.run("docker", "exec", node, "mkdir", "-p", place)
        machine.run("docker", "exec", "-i", node, "cp", "/dev/stdin", f"{place}/hosts.toml", given=_HOSTS)


def push_image(machine: Machine, service: str) -> str:
    """Build the image and push it; its digest."""
    name = f"{REGISTRY_ADDRESS}/{service}-ingestion:local"
    version = (ROOT / "microservices" / service / "VERSION").read_text(encoding="utf-8").strip()
    machine.run(
        "docker",
        "build",
        "--file",
        f"microservices/{service}/Dockerfile",
        "--build-arg",
        f"VERSION={version}",
        "--tag",
        name,
        ".",
    )
    machine.run("docker", "push", "--quiet", name)
    reference = machine.run("docker", "inspect", "--format", "{{index .RepoDigests 0}}", name)
    return reference.partition("@")[2]


def deploy(machine: Machine, service: str, digest: str) -> None:
    """Namespace, secrets and release, and helm's own test of it."""
    context = ("--context", f"kind-{CLUSTER}")
    machine.run("kubectl", *context, "apply", "--filename", "-", given=_NAMESPACE)
    release = f"{service}-ingestion"
    chart = ROOT / "microservices" / service / "helm"
    with tempfile.TemporaryDirectory() as folder:  # as files: an argument would show in the list of processes
        write_secrets(service, Path(folder))
        place = ("--namespace", NAMESPACE)
        made = machine.run(
            *("kubectl", *context, *place, "create", "secret", "generic", release, f"--from-file={folder}"),
            *("--dry-run=client", "--output", "yaml"),
        )
        machine.run("kubectl", *context, "apply", "--filename", "-", given=made)
    machine.run(HELM, "dependency", "build", chart)
    image = f"image.repository={REGISTRY_ADDRESS}/{release},image.digest={digest}"
    cluster = ("--kube-context", f"kind-{CLUSTER}", "--namespace", NAMESPACE)
    values = ("--values", chart / "values-local.yaml", "--set-string", image)
    machine.run(HELM, "upgrade", "--install", release, chart, *cluster, *values, "--atomic", "--timeout", "4m")
    print(machine.run(HELM, "test", release, *cluster))


def write_secrets(service: str, folder: Path) -> None:
    """The files that the service finds in SECRETS_DIR."""
    values = {name: os.environ[name] for name in NEEDED[service]}
    values["SERVICE_TOKEN"] = os.environ.get("SERVICE_TOKEN") or secrets.token_hex(24)
    for name, value in values.items():
        (folder / name.lower()).write_text(value, encoding="utf-8")


if __name__ == "__main__":
    main()
