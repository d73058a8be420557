"""The charts render, Kubernetes would take what they render, and one package is all that a deployment needs."""

from __future__ import annotations

import json
import shutil
import tarfile
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import yaml
from charts import ENVIRONMENTS, KUBERNETES, ROOT, SERVICES, Charts, chart_folder, of_kind, only, release_of

HERE = Path(__file__).parent
EACH = [(service, environment) for service in SERVICES for environment in ENVIRONMENTS]
#: Kinds that Kubernetes itself does not know -> our schema of them.
CUSTOM = {
    ("secrets-store.csi.x-k8s.io/v1", "SecretProviderClass"): "secretproviderclass.json",
    ("azmonitoring.coreos.com/v1", "PodMonitor"): "podmonitor.json",
    ("cilium.io/v2", "CiliumNetworkPolicy"): "ciliumnetworkpolicy.json",
}


def validate(thing: dict[str, Any], version: str) -> None:
    """Raise unless a cluster of that version would take it, with no field that it does not know."""
    kind = (thing["apiVersion"], thing["kind"])
    if kind in CUSTOM:
        schema = json.loads((HERE / "schemas" / CUSTOM[kind]).read_text(encoding="utf-8"))
        jsonschema.validate(thing, schema)
    else:
        kubernetes_validate.validate(thing, version, strict=True)


@pytest.mark.parametrize(("service", "environment"), EACH)
def test_lint_has_nothing_to_say(charts: Charts, service: str, environment: str) -> None:
    said = charts.call("lint", "--strict", str(charts.source(service)), *charts.values_of(service, environment)).stdout
    assert "0 chart(s) failed" in said and "WARNING" not in said, said


@pytest.mark.parametrize("version", KUBERNETES)
@pytest.mark.parametrize(("service", "environment"), EACH)
def test_kubernetes_would_take_it(charts: Charts, service: str, environment: str, version: str) -> None:
    objects = charts.objects(service, environment)
    kinds = {thing["kind"] for thing in objects}
    assert {"Deployment", "CronJob", "Service", "ServiceAccount", "ConfigMap", "Pod"} <= kinds
    assert environment == "local" or {"NetworkPolicy", *(kind for _, kind in CUSTOM)} <= kinds
    for thing in objects:
        validate(thing, version)
        assert thing["metadata"]["namespace"] == "ingestion"


@pytest.mark.parametrize("version", KUBERNETES)
def test_an_unknown_field_would_be_noticed(charts: Charts, version: str) -> None:
    objects = charts.objects("csv", "prod")
    custom = [kind for _, kind in CUSTOM]
    for kind in ("Deployment", "CronJob", "HorizontalPodAutoscaler", *custom):
        thing = json.loads(json.dumps(only(objects, kind)))
        thing["spec"]["replica"] = 2
        with pytest.raises((jsonschema.ValidationError, kubernetes_validate.ValidationError)):
            validate(thing, version)


@pytest.mark.parametrize("service", SERVICES)
def test_one_package_holds_all_that_it_needs(charts: Charts, service: str) -> None:
    """It is rendered from a folder without the library; this looks inside."""
    with tarfile.open(charts.package(service)) as package:
        names = {name.partition("/")[2] for name in package.getnames()}
    assert {"Chart.yaml", "Chart.lock", "values.yaml", "values.schema.json", "charts/cdp-lib/Chart.yaml"} <= names
    assert not [name for name in names if name.startswith("values-") or name.endswith(".md")]


@pytest.mark.parametrize("service", SERVICES)
def test_versions_agree(service: str) -> None:
    chart = yaml.safe_load((chart_folder(service) / "Chart.yaml").read_text(encoding="utf-8"))
    library = yaml.safe_load((ROOT / "helm" / "cdp-lib" / "Chart.yaml").read_text(encoding="utf-8"))
    version = (ROOT / "microservices" / service / "VERSION").read_text(encoding="utf-8").strip()
    assert chart["name"] == release_of(service) and chart["appVersion"] == version
    (dependency,) = chart["dependencies"]
    assert (dependency["name"], dependency["version"]) == (library["name"], library["version"])
    lock = yaml.safe_load((chart_folder(service) / "Chart.lock").read_text(encoding="utf-8"))
    assert lock["dependencies"][0]["version"] == library["version"]


def test_templates_of_the_charts_are_one_include_each() -> None:
    texts: dict[str, set[str]] = {}
    for service in SERVICES:
        for path in sorted((chart_folder(service) / "templates").rglob("*.*")):
            text = path.read_text(encoding="utf-8")
            assert text.count("\n") == 1 and text.startswith('{{ include "cdp-lib.'), path
            texts.setdefault(str(path.relative_to(chart_folder(service))), set()).add(text)
    assert all(len(found) == 1 for found in texts.values()), "the three charts have the same templates"


def test_every_definition_of_the_library_is_used() -> None:
    library = {path: path.read_text(encoding="utf-8") for path in (ROOT / "helm/cdp-lib/templates").iterdir()}
    everything = "".join(library.values()) + "".join(
        path.read_text(encoding="utf-8") for path in (chart_folder("csv") / "templates").rglob("*.*")
    )
    defined = [line.split('"')[1] for text in library.values() for line in text.splitlines() if "- define " in line]
    assert len(defined) > 20
    assert not [name for name in defined if f'include "{name}"' not in everything]


@pytest.mark.parametrize("service", SERVICES)
def test_notes_tell_what_to_do_next(charts: Charts, service: str, tmp_path: Path) -> None:
    """helm shows notes with a cluster only, so a copy of the chart has them as a ConfigMap."""
    copy = tmp_path / "chart"
    shutil.copytree(charts.source(service), copy)
    assert (copy / "templates" / "NOTES.txt").read_text(encoding="utf-8") == '{{ include "cdp-lib.notes" . }}\n'
    (copy / "templates" / "notes.yaml").write_text(_NOTES)
    options = ["--namespace", "ingestion", "--show-only", "templates/notes.yaml", *charts.values_of(service, "prod")]
    notes = yaml.safe_load(charts.call("template", release_of(service), str(copy), *options).stdout)["data"]["notes"]
    assert f"helm test {release_of(service)} -n ingestion" in notes
    assert f"--from=cronjob/{release_of(service)}-ingest" in notes


_NOTES = """apiVersion: v1
kind: ConfigMap
metadata: {name: notes}
data:
  notes: {{ include "cdp-lib.notes" . | quote }}
"""


@pytest.mark.parametrize("service", SERVICES)
def test_no_name_is_given_twice(charts: Charts, service: str) -> None:
    names = [(thing["kind"], thing["metadata"]["name"]) for thing in charts.objects(service, "prod")]
    assert len(names) == len(set(names)) and all(len(name) <= 52 for _, name in names)
    assert not of_kind(charts.objects(service, "prod"), "Secret")
