"""`python -m cdp_terraform costs prod | docs | schema`: see `make help`."""

from __future__ import annotations

import argparse
import sys

from cdp_terraform import ENVIRONMENTS, ROOT, access, cost_page, module_readme, schema
from cdp_terraform.costs import estimate


def main() -> int:
    """Run one command; its exit code."""
    parser = argparse.ArgumentParser(prog="cdp_terraform", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    costs = commands.add_parser("costs", help="print what an environment costs, in Markdown")
    costs.add_argument("environment", choices=ENVIRONMENTS)
    commands.add_parser("docs", help="write docs/access.md, docs/costs.md and the READMEs' tables anew")
    commands.add_parser("schema", help="hold all blocks to the providers' schemas")
    chosen = parser.parse_args()
    try:
        if chosen.command == "costs":
            found = estimate(chosen.environment)
            print(f"## Costs of {found.environment}\n\n{cost_page.table(found)}\n\n{cost_page.unit_costs(found)}")
        elif chosen.command == "docs":
            for path in (access.write(), cost_page.write(), *module_readme.write()):
                print(path.relative_to(ROOT))
        else:
            return schema.report()
    except ValueError as error:
        print(f"cdp_terraform: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
