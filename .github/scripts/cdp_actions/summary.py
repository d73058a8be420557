"""The summary of a job: how it went, what to do next, and what its steps left. Also where none of ours ran.

Source of `steps` and `needs`: docs.github.com/actions/reference/workflows-and-actions/contexts.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from cdp_actions import ROOT, notes, sections
from cdp_actions.advice import ADVICE, OTHERWISE
from cdp_actions.github_files import add_summary
from cdp_actions.notes import redact

_SIGNS = {"success": "✅", "failure": "❌", "cancelled": "⏹️", "skipped": "➖"}
Notes = Sequence[tuple[str, Any]]


def write(title: str, environment: str, costs: bool) -> None:
    """Write the job's summary. STEPS holds the context `steps` as JSON."""
    steps = json.loads(os.environ.get("STEPS") or "{}")
    failed = any(step.get("outcome") != "success" for step in steps.values() if step.get("outcome") != "skipped")
    told = _costs(environment) if costs and not failed else ""  # where something failed, that is what counts
    text = redact(render(title, environment, steps, notes.found(), told))
    add_summary(text)


def render(title: str, environment: str, steps: dict[str, Any], left: Notes, costs: str = "") -> str:
    """The summary in Markdown.

    Args:
        steps: id -> {"outcome": ...}, in order.
        left: what the steps left.
        costs: a section of its own, or nothing.
    """
    outcomes = {name: str(step.get("outcome", "")) for name, step in steps.items()}
    failed = [name for name, outcome in outcomes.items() if outcome in ("failure", "cancelled")]
    place = f" · {environment}" if environment else ""
    told = f"{_SIGNS['failure']} failed at `{failed[0]}`" if failed else f"{_SIGNS['success']} done"
    parts = [f"# {title}{place}: {told}", *_next_steps(failed, outcomes, left)]
    rows = [[f"{_SIGNS.get(outcome, '')} {outcome}", f"`{name}`"] for name, outcome in outcomes.items()]
    parts.append(f"## Steps\n\n{sections.table(('outcome', 'step'), rows)}")
    parts += _sections(left)
    return "\n\n".join(part for part in (*parts, costs) if part) + "\n"


def overview(environment: str, needs: dict[str, Any]) -> str:
    """Status of infrastructure, ingestion and transformation, from the context `needs`."""
    rows, advice = [], []
    for name in ("infrastructure", "ingestion", "transformation"):
        told = needs[name]
        outcome = str(told["result"])
        rows.append([name, f"{_SIGNS.get(outcome, '')} {'as it was' if outcome == 'skipped' else outcome}"])
        if outcome in ("failure", "cancelled"):
            advice.append(f"- `{name}`: open its job on the left; its own summary tells what to do next.")
    parts = [f"# Platform · {environment}", sections.table(("part", "status"), rows)]
    parts += ["## What to do next\n\n" + "\n".join(advice)] if advice else []
    resources = (needs.get("infrastructure") or {}).get("outputs", {}).get("resources")
    if resources:
        parts.append(sections.resources(json.loads(resources)))
    return "\n\n".join(parts) + "\n"


def write_overview(environment: str) -> None:
    """Write `overview` of NEEDS, and the costs."""
    text = overview(environment, json.loads(os.environ["NEEDS"]))
    add_summary(redact(f"{text}\n{_costs(environment)}"))


def comment_text(title: str, environment: str) -> str:
    """A plan as a comment: only the plans."""
    plans = [sections.plan(content) for kind, content in notes.found() if kind == "plan"]
    return redact("\n\n".join([f"# {title} · {environment}", *plans]) + "\n")


def _next_steps(failed: list[str], outcomes: dict[str, str], left: Notes) -> list[str]:
    errors = [str(content) for kind, content in left if kind == "error"]
    advice = [str(content) for kind, content in left if kind == "next"]
    if failed and not errors:  # it failed before, or outside of, our commands
        errors.append(f"The step `{failed[0]}` ended with {outcomes[failed[0]]}.")
        advice.append(ADVICE.get(failed[0], OTHERWISE))
    parts = ["\n\n".join(f"**{error}**" for error in dict.fromkeys(errors))] if errors else []
    if advice:
        parts.append("## What to do next\n\n" + "\n\n".join(dict.fromkeys(advice)))
    return parts


def _sections(left: Notes) -> list[str]:
    """What happened first, what there is after it."""
    tenant = next((name for name in map(_tenant, left) if name), "")
    parts: dict[bool, list[str]] = {True: [], False: []}
    for kind, content in left:
        if kind == "resources" and content:
            parts[False].append(sections.resources(content, tenant))
        elif kind in sections.SECTIONS:
            parts[kind != "outputs"].append(sections.SECTIONS[kind](content))
    return list(dict.fromkeys([*parts[True], *parts[False]]))


def _tenant(note: tuple[str, Any]) -> str:
    kind, content = note
    return str((content["values"].get("services") or {}).get("tenant_id", "")) if kind == "outputs" else ""


def _costs(environment: str) -> str:
    """By terraform/tools; their libraries may not be there where a job failed early."""
    paths = os.pathsep.join([str(ROOT / "terraform" / "tools"), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, "-m", "cdp_terraform", "costs", environment]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env={**os.environ, "PYTHONPATH": paths})
    told = done.stdout.strip() if done.returncode == 0 else "Not known here: `make costs` prints them."
    head, _, table = told.partition("\n\n") if told.startswith("## ") else ("## Costs", "", told)
    return f"{head}\n\nAn estimate from list prices, see docs/costs.md.\n\n{table}"
