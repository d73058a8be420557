"""The dry run's expressions mean what GitHub's mean; what it does not know it refuses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cdp_dryrun.expressions import Unsupported, condition, evaluate, fill
from cdp_dryrun.files import pairs

CONTEXTS: dict[str, Any] = {
    "inputs": {"environment": "prod", "apply": False, "nothing": ""},
    "vars": {"PROD_RUNNER": "own"},
    "steps": {"plan-platform": {"outcome": "success", "outputs": {"run-id": "7"}}},
    "github": {"event": {"number": 3}},
}


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("inputs.environment", "prod"),
        ("inputs.environment == 'PROD'", True),
        ("inputs.environment == 'prod' && vars.PROD_RUNNER || 'ubuntu'", "own"),
        ("inputs.environment == 'dev' && vars.PROD_RUNNER || 'ubuntu'", "ubuntu"),
        ("inputs.environment == 'prod' && vars.NONE || 'ubuntu'", "ubuntu"),
        ("inputs.nothing || 'dev'", "dev"),
        ("inputs.missing || 'dev'", "dev"),
        ("!inputs.apply", True),
        ("steps.plan-platform.outputs.run-id != ''", True),
        ("steps.none.outputs.run-id != ''", False),
        ('fromJSON(\'["a", "b"]\')', ["a", "b"]),
        ("github.event['number']", 3),
        ("'it''s'", "it's"),
        ("format('{0}-{1}', 'a', 2)", "a-2"),
        ("contains('abc', 'B') && (true || false)", True),
    ],
)
def test_values(source: str, value: Any) -> None:
    assert evaluate(source, CONTEXTS) == value


def test_texts_are_filled_in() -> None:
    assert fill("x-${{ inputs.environment }}-${{ inputs.apply }}", CONTEXTS) == "x-prod-false"
    assert fill("${{ inputs.apply }}", CONTEXTS) is False


@pytest.mark.parametrize("source", ["secrets.X", "inputs.a + 1", "unknown()", "(inputs.a", "inputs.a inputs.b"])
def test_what_is_not_known_is_refused(source: str) -> None:
    with pytest.raises(Unsupported):
        evaluate(source, CONTEXTS)


@pytest.mark.parametrize(
    ("text", "failed", "runs"),
    [
        (None, False, True),
        (None, True, False),
        ("${{ always() }}", True, True),
        ("${{ failure() }}", False, False),
        ("${{ inputs.environment == 'prod' }}", True, False),
        ("${{ !cancelled() && !failure() && inputs.environment == 'prod' }}", False, True),
        ("${{ always() && inputs.apply }}", False, False),
    ],
)
def test_conditions(text: str | None, failed: bool, runs: bool) -> None:
    functions = {
        "always": lambda: True,
        "cancelled": lambda: False,
        "failure": lambda: failed,
        "success": lambda: not failed,
    }
    assert condition(text, CONTEXTS, functions) is runs


def test_a_files_values_may_have_lines(tmp_path: Path) -> None:
    file = tmp_path / "output"
    file.write_text("a=1=2\nb<<END\nline\nc=no\nEND\n", encoding="utf-8")
    assert pairs(file) == {"a": "1=2", "b": "line\nc=no"}
    file.write_text("b<<END\nline\n", encoding="utf-8")
    with pytest.raises(ValueError, match="no end"):
        pairs(file)
