"""A partner with OAuth2: the values that docs/first-deployment.md tells, rendered, and understood by the service."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from charts import ROOT, Charts, Object, chart_folder, only, release_of
from ingestion_kernel.infrastructure.config.settings import load_settings
from secret_mount import SecretMount

sys.path.append(str(ROOT / "scripts"))

from chart_schemas import SETTINGS  # noqa: E402

TOLD = next(
    line
    for line in (ROOT / "docs" / "first-deployment.md").read_text(encoding="utf-8").splitlines()
    if line.startswith("| `API_KEY` |")
)
#: What stands in the row as `name: value`.
PAIRS: dict[str, Any] = {name: yaml.safe_load(value) for name, value in re.findall(r"`(\w+): ([^`]+)`", TOLD)}
SETTINGS_TOLD = {name: value for name, value in PAIRS.items() if name.isupper()}
OBJECTS_TOLD = {name: value for name, value in PAIRS.items() if not name.isupper()}


@pytest.fixture
def rendered(charts: Charts, tmp_path: Path) -> list[Object]:
    """The chart with what is told put into the environment's values: before the file of what was deployed."""
    values = yaml.safe_load((chart_folder("api") / "values-dev.yaml").read_text(encoding="utf-8"))
    values["settings"] |= SETTINGS_TOLD
    values["secrets"] = {"objects": OBJECTS_TOLD}
    file = tmp_path / "values-dev.yaml"
    file.write_text(yaml.safe_dump(values), encoding="utf-8")
    files = ["--values", str(file), "--values", str(charts.deployed["api"])]
    said = charts.call("template", release_of("api"), str(charts.package("api")), "--namespace", "ingestion", *files)
    return [thing for thing in yaml.safe_load_all(said.stdout) if thing]


def test_the_page_tells_what_is_set() -> None:
    assert OBJECTS_TOLD == {"api_key": None, "api_client_secret": "api-ingestion-api-client-secret"}
    assert set(SETTINGS_TOLD) == {"API_AUTH", "API_TOKEN_URL", "API_CLIENT_ID"}


def test_the_vaults_key_goes_and_the_clients_secret_comes(rendered: list[Object]) -> None:
    """What the vault does not hold must not be mounted: the pod would not start."""
    text = only(rendered, "SecretProviderClass")["spec"]["parameters"]["objects"]
    mounted = [yaml.safe_load(one) for one in yaml.safe_load(text)["array"]]
    assert {one["objectAlias"]: one["objectName"] for one in mounted} == {
        "service_token": "api-ingestion-service-token",
        "api_client_secret": "api-ingestion-api-client-secret",
        "applicationinsights_connection_string": "applicationinsights-connection-string",
    }


def test_the_service_understands_them(rendered: list[Object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mount = SecretMount(tmp_path / "secrets", service_token="token-of-the-tests-0123", api_client_secret="hidden")
    for name, value in {**only(rendered, "ConfigMap")["data"], "SECRETS_DIR": str(mount.root)}.items():
        monkeypatch.setenv(name, value)
    loaded = load_settings(SETTINGS["api"]).model_dump()
    assert loaded["api_auth"] == "oauth2" and loaded["api_key"] is None
    assert loaded["api_client_secret"].get_secret_value() == "hidden"
    assert (loaded["api_token_url"], loaded["api_client_id"]) == (PAIRS["API_TOKEN_URL"], PAIRS["API_CLIENT_ID"])
