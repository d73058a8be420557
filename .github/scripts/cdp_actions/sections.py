"""Parts of a summary, in Markdown. Each takes what a command left (cdp_actions.notes) and knows no secret."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

PORTAL = "https://portal.azure.com"
#: Of a plan's changes so many are listed.
_LISTED = 100


def table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A table; cells cannot break out of it."""
    lines = [f"| {' | '.join(head)} |", f"| {' | '.join('---' for _ in head)} |"]
    lines += [f"| {' | '.join(_cell(cell) for cell in row)} |" for row in rows]
    return "\n".join(lines)


def facts(content: dict[str, Any]) -> str:
    """`title` and `rows` of name and value."""
    return f"## {content['title']}\n\n{table(('what', 'is'), content['rows'])}"


def plan(content: dict[str, Any]) -> str:
    """What a plan of Terraform would do, or what an apply did."""
    title = f"## {'Done to' if content.get('done') else 'Plan of'} {content['root']}"
    if content["later"]:
        return f"{title}\n\nNot known yet: it stands on the platform, which is made first. Only creations will pass."
    if not content["counts"]:
        return f"{title}\n\nNothing {'was' if content.get('done') else 'is'} to change."
    counted = ", ".join(f"**{count}** to {action}" for action, count in content["counts"].items())
    changes = content["changes"]
    more = f"\n\nand {len(changes) - _LISTED} more" if len(changes) > _LISTED else ""
    listed = table(("action", "resource"), [[action, f"`{address}`"] for action, address in changes[:_LISTED]])
    return f"{title}\n\n{counted}\n\n<details><summary>Resources</summary>\n\n{listed}{more}\n\n</details>"


def resources(content: dict[str, str], tenant: str = "") -> str:
    """Links to the portal. `content`: name -> resource id."""
    rows = [
        [name.replace("_", " "), f"[{identity.rpartition('/')[2]}]({PORTAL}/#@{tenant}/resource{identity})"]
        for name, identity in sorted(content.items())
    ]
    return f"## Resources\n\n{table(('what', 'in the portal'), rows)}"


def outputs(content: dict[str, Any]) -> str:
    """Outputs of a root of Terraform, those that are sensitive left out."""
    rows = [[f"`{name}`", _value(value)] for name, value in sorted(content["values"].items()) if name != "resource_ids"]
    return (
        f"<details><summary>Outputs of {content['root']}</summary>\n\n{table(('output', 'value'), rows)}\n\n</details>"
    )


def result(content: dict[str, Any]) -> str:
    """Counts of a run of the job."""
    fates = ("read", "written", "duplicate", "stale", "quarantined")
    rows = [[name, *(f"{source[fate]:,}" for fate in fates)] for name, source in content["sources"].items()]
    tables = [[name, f"{rows:,}"] for name, rows in content["tables"].items()]
    text = f"## Result of the run: {content['status']}\n\n{table(('source', *fates), rows)}"
    return f"{text}\n\n{table(('table', 'rows'), tables)}"


def _value(value: Any) -> str:
    return f"`{value if isinstance(value, str) else json.dumps(value, sort_keys=True)}`"


def _cell(cell: Any) -> str:
    return str(cell).replace("|", "\\|").replace("\r", "").replace("\n", " ")


SECTIONS: dict[str, Callable[[Any], str]] = {
    "facts": facts,
    "outputs": outputs,
    "plan": plan,
    "result": result,
}
