"""The charts' memory is what the soak measured (benchmarks/README.md)."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from charts import ENVIRONMENTS, ROOT, SERVICES, Charts, pod_specs

RESULTS = ROOT / "benchmarks" / "results.json"


def soak() -> dict[str, Any]:
    part: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8"))["soak"]
    return part


def limit_of(peak_mb: float) -> str:
    """Twice the peak, up to the next 64 Mi: data that are wider than the samples must fit too."""
    return f"{math.ceil(2 * peak_mb * 1e6 / 2**20 / 64) * 64}Mi"


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize("service", SERVICES)
def test_the_limit_follows_from_the_measured_peak(charts: Charts, service: str, environment: str) -> None:
    specs = pod_specs(charts.objects(service, environment))
    expected = limit_of(soak()["runs"]["peak_mb"][service])
    for kind in ("Deployment", "CronJob"):
        (container,) = specs[kind]["containers"]
        assert container["resources"]["limits"]["memory"] == expected


def test_memory_was_flat_over_a_thousand_runs() -> None:
    judged = [line for line in soak()["lines"] if line["goal"]]
    assert [line["what"].partition(":")[0] for line in judged] == list(SERVICES)
    assert all(line["met"] for line in judged)


def test_a_thousand_runs_were_measured() -> None:
    assert soak()["runs"]["resident_mb_every_10th_run"].keys() == set(SERVICES)
    assert all(len(values) == 100 for values in soak()["runs"]["resident_mb_every_10th_run"].values())
