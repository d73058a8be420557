"""deployed.yaml as the workflow writes it is taken by the charts' schemas, and says what Terraform said."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from cdp_actions.errors import ActionFailed
from cdp_actions.values import deployed
from cdp_dryrun.answers import DIGEST, PLATFORM

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "charts"))

from charts import Charts  # noqa: E402
from charts import deployed as deployed_example  # noqa: E402

EGRESS = (
    '{"database": {"cidrs": ["10.30.0.0/24"], "ports": [5432]}, "api": {"cidrs": ["203.0.113.0/24"], "ports": [443]}}'
)


def _made(service: str, egress: str = EGRESS) -> dict[str, Any]:
    return deployed(service, f"cr.azurecr.io/{service}-ingestion@{DIGEST}", PLATFORM, egress)


@pytest.fixture(scope="module")
def charts(tmp_path_factory: pytest.TempPathFactory) -> Charts:
    return Charts(tmp_path_factory.mktemp("charts"))


@pytest.mark.parametrize("service", ["database", "api", "csv"])
def test_helm_takes_the_values(service: str, charts: Charts, tmp_path: Path) -> None:
    made = _made(service)
    assert made.keys() == deployed_example(service).keys()
    assert made["settings"].keys() == deployed_example(service)["settings"].keys()
    file = tmp_path / "deployed.yaml"
    file.write_text(json.dumps(made), encoding="utf-8")
    text = charts.template(service, "dev", "--values", str(file)).stdout
    assert f"image: cr.azurecr.io/{service}-ingestion@{DIGEST}" in text.replace('"', "")
    assert PLATFORM["services"]["services"][service]["client_id"] in text
    assert PLATFORM["services"]["lake_egress"]["cidrs"][0] in text


@pytest.mark.parametrize(
    "egress",
    [
        "",
        "{",
        "{}",
        '{"api": {}}',
        '{"api": {"cidrs": [], "ports": [443]}}',
        '{"api": {"cidrs": ["10.0.0.1/8"], "ports": [1]}}',
    ],
)
def test_a_source_must_have_a_place(egress: str) -> None:
    with pytest.raises(ActionFailed, match="source of api") as caught:
        _made("api", egress)
    assert "SOURCE_EGRESS" in caught.value.next_step


def test_csv_needs_no_source() -> None:
    assert _made("csv", "")["networkPolicy"]["egress"]["source"]["ports"] == [443]


@pytest.mark.parametrize("image", ["", "cr.azurecr.io/x:latest", f"cr.azurecr.io/x@{DIGEST}0"])
def test_an_image_is_named_by_its_digest(image: str) -> None:
    with pytest.raises(ActionFailed, match="repository@sha256"):
        deployed("csv", image, PLATFORM, EGRESS)
