"""checkov over everything that the charts render; what it may find is excused in writing."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
import yaml
from built_tools import tool
from charts import ENVIRONMENTS, SERVICES, Charts

EXCUSED: dict[str, str] = yaml.safe_load((Path(__file__).parent / "excused.yaml").read_text(encoding="utf-8")) or {}
#: What a chart without a thought fails; if one of these is found, checkov does look.
_BARE = """apiVersion: v1
kind: Pod
metadata: {name: bare}
spec:
  containers: [{name: bare, image: nginx}]
"""


@pytest.fixture(scope="module")
def failed(charts: Charts, tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """Check -> the files in which it failed, over all services and environments, and one bare pod."""
    folder = tmp_path_factory.mktemp("rendered")
    for service in SERVICES:
        for environment in ENVIRONMENTS:
            (folder / f"{service}-{environment}.yaml").write_text(charts.template(service, environment).stdout)
    (folder / "bare.yaml").write_text(_BARE)
    command = [
        tool("checkov"),
        "--directory",
        str(folder),
        "--framework",
        "kubernetes",
        "--output",
        "json",
        "--soft-fail",
    ]
    # no question to anybody's server
    environment = {
        **os.environ,
        "CHECKOV_RUN_SCA_PACKAGE_SCAN": "false",
        "LOG_LEVEL": "ERROR",
        "BC_SKIP_MAPPING": "TRUE",
    }
    done = subprocess.run(
        [*command, "--compact", "--quiet"], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, set[str]] = {}
    for result in json.loads(done.stdout)["results"]["failed_checks"]:
        found.setdefault(result["check_id"], set()).add(Path(result["file_path"]).name)
    return found


def test_nothing_is_found_that_is_not_excused(failed: dict[str, set[str]]) -> None:
    ours = {check: files - {"bare.yaml"} for check, files in failed.items() if files - {"bare.yaml"}}
    assert {check: files for check, files in ours.items() if check not in EXCUSED} == {}


def test_every_excuse_is_still_needed_and_says_why(failed: dict[str, set[str]]) -> None:
    assert not [check for check in EXCUSED if not failed.get(check, set()) - {"bare.yaml"}]
    assert all(len(reason) > 40 for reason in EXCUSED.values())


def test_a_bare_pod_would_be_found(failed: dict[str, set[str]]) -> None:
    bare = {check for check, files in failed.items() if "bare.yaml" in files}
    assert {"CKV_K8S_20", "CKV_K8S_22", "CKV_K8S_37", "CKV_K8S_43"} <= bare and len(bare) > 10
