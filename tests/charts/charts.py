"""The charts as they are deployed: one package a service, rendered by helm with an environment's values."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from built_tools import tool

ROOT = Path(__file__).resolve().parents[2]
SERVICES = ("database", "api", "csv")
ENVIRONMENTS = ("dev", "pre", "prod", "local")
NAMESPACE = "ingestion"
KUBERNETES = ("1.35", "1.36", "1.37")
Object = dict[str, Any]


def chart_folder(service: str) -> Path:
    """Where the chart of a service is."""
    return ROOT / "microservices" / service / "helm"


def release_of(service: str) -> str:
    """How the service is called in a cluster."""
    return f"{service}-ingestion"


@cache
def deployed(service: str) -> Object:
    """The example of what only Terraform and the build know."""
    text = (ROOT / "helm" / "deployed.example.yaml").read_text(encoding="utf-8")
    values: Object = yaml.safe_load(text)[service]
    return values


class Charts:
    """Packages in a folder that holds nothing else, so that each must be enough by itself.

    Args:
        work: an empty folder.
    """

    def __init__(self, work: Path) -> None:
        self.helm = tool("helm")
        self.sources = work / "sources"
        self.packages = work / "packages"
        self._home = work / "home"
        self._rendered: dict[tuple[str, str], list[Object]] = {}
        shutil.copytree(ROOT / "helm", self.sources / "helm")
        for service in SERVICES:
            self._package(service)
        self._write_deployed(work)

    def _package(self, service: str) -> None:
        source = self.sources / "microservices" / service / "helm"
        shutil.copytree(chart_folder(service), source, ignore=shutil.ignore_patterns("charts"))
        self.call("dependency", "build", str(source))
        self.call("package", str(source), "--destination", str(self.packages))

    def _write_deployed(self, work: Path) -> None:
        self.deployed = {service: work / f"deployed-{service}.yaml" for service in SERVICES}
        for service, path in self.deployed.items():
            path.write_text(yaml.safe_dump(deployed(service)), encoding="utf-8")

    def source(self, service: str) -> Path:
        """A copy of the chart, with the library beside it."""
        return self.sources / "microservices" / service / "helm"

    def package(self, service: str) -> Path:
        """The .tgz."""
        (found,) = self.packages.glob(f"{release_of(service)}-*.tgz")
        return found

    def call(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run helm, with no configuration but its own."""
        homes = {f"HELM_{kind}_HOME": str(self._home / kind.lower()) for kind in ("CACHE", "CONFIG", "DATA")}
        done = subprocess.run(
            [self.helm, *arguments], env={**os.environ, **homes}, capture_output=True, text=True, check=False
        )
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done

    def values_of(self, service: str, environment: str) -> list[str]:
        """The options that give an environment's values, and after them what was deployed."""
        files = [chart_folder(service) / f"values-{environment}.yaml"]
        # what is deployed on one's own machine is told by scripts/deploy_local.py
        files += [] if environment == "local" else [self.deployed[service]]
        image = deployed(service)["image"]
        local = [f"image.repository={image['repository']}", f"image.digest={image['digest']}"]
        sets = [word for pair in local for word in ("--set-string", pair)] if environment == "local" else []
        return [word for file in files for word in ("--values", str(file))] + sets

    def template(
        self, service: str, environment: str, *options: str, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """`helm template` of the package."""
        place = [release_of(service), str(self.package(service)), "--namespace", NAMESPACE]
        values = self.values_of(service, environment)
        return self.call("template", *place, "--kube-version", "1.36.0", *values, *options, check=check)

    def objects(self, service: str, environment: str, **values: Any) -> list[Object]:
        """What would be applied; `values` by their dotted path with __ for the dots (`cronJob__enabled=False`)."""
        key = (service, environment)
        if not values and key in self._rendered:
            return self._rendered[key]
        sets = [word for path, value in values.items() for word in ("--set-json", _assignment(path, value))]
        said = self.template(service, environment, *sets).stdout
        found = [document for document in yaml.safe_load_all(said) if document]
        if not values:
            self._rendered[key] = found
        return found

    def refusal(self, service: str, environment: str, **values: Any) -> str:
        """What helm says when it refuses these values; fails if it takes them."""
        sets = [word for path, value in values.items() for word in ("--set-json", _assignment(path, value))]
        done = self.template(service, environment, *sets, check=False)
        assert done.returncode != 0, f"{values} were taken"
        return done.stderr


def _assignment(path: str, value: Any) -> str:
    return f"{path.replace('__', '.')}={json.dumps(value)}"


def of_kind(objects: list[Object], kind: str) -> list[Object]:
    """Those of a kind."""
    return [found for found in objects if found["kind"] == kind]


def only(objects: list[Object], kind: str) -> Object:
    """The one of a kind."""
    (found,) = of_kind(objects, kind)
    return found


def pod_specs(objects: list[Object]) -> dict[str, Object]:
    """The specification of every pod, by the kind of what makes it."""
    found = {}
    for thing in objects:
        spec = thing.get("spec", {})
        if thing["kind"] == "Deployment":
            found["Deployment"] = spec["template"]["spec"]
        elif thing["kind"] == "CronJob":
            found["CronJob"] = spec["jobTemplate"]["spec"]["template"]["spec"]
        elif thing["kind"] == "Pod":
            found["Pod"] = spec
    return found
