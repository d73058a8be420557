"""`python -m demo`: the whole platform on this machine, on synthetic customers. ROWS and SEED scale and vary it.

DATABASE_URL, if set, names a PostgreSQL to be used instead of the embedded one, in a schema of the demo's own.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console

from demo import tables
from demo.errors import DemoError, Stopped
from demo.ingest import ingest
from demo.java import check_java
from demo.job import LEAK_FILE, REPORT_FILE, run_job, scan_for_leaks
from demo.postgres import embedded_postgres, seed
from demo.processes import Interrupts, Processes
from demo.services import Service, start_partner, start_services
from demo.shares import SourceName
from demo.workspace import Workspace

_FAILED = 1
_WIDTH = 120


@dataclass
class Demo:
    """One run of the demo; `seconds` of each phase in their order."""

    space: Workspace
    console: Console
    interrupts: Interrupts
    seconds: dict[str, float] = field(default_factory=dict)

    def run(self, database_url: str | None) -> bool:
        """Run it; True if everything came out as planted. Raises DemoError."""
        check_java()
        before = self.space.table_versions()
        with self._phase("sources", "making the synthetic sources"):
            planted = self.space.ledger()
        with ExitStack() as stack:
            runs = self._ingest(stack, planted, database_url)
            stack.close()  # the job needs none of them: the lake alone is between the two
        with Processes(self.space.logs, self.interrupts) as processes:
            with self._phase("job"):
                summary = run_job(self.space, processes, self.console)
            with self._phase("leak scan"):
                leaks = scan_for_leaks(self.space, processes, self.console)
        return self._show(planted, runs, summary, leaks, before)

    def _ingest(self, stack: ExitStack, planted: dict[str, Any], database_url: str | None) -> dict[SourceName, Any]:
        table = f"customers_{self.space.rows}_seed_{self.space.seed}"
        with self._phase("database", "starting PostgreSQL" if database_url is None else "seeding the database"):
            url = database_url or stack.enter_context(embedded_postgres(self.space.pgdata, self.interrupts))
            seed(url, table, self.space.database_file)
        processes = stack.enter_context(Processes(self.space.logs, self.interrupts))
        with self._phase("services", "starting the partner's API and the three services"):
            partner = start_partner(self.space, processes)
            services = start_services(self.space, processes, url, table, partner)
        self._tell_services(services)
        with self._phase("ingestion"):
            self.space.drop_files()
            rows = {name: source["rows"] for name, source in planted["sources"].items()}
            return ingest(services, rows, self.console)

    def _tell_services(self, services: list[Service]) -> None:
        for service in services:
            self.console.print(f"  {service.child.name} is ready at {service.url}", style="dim", highlight=False)

    def _show(
        self,
        planted: dict[str, Any],
        runs: dict[SourceName, Any],
        summary: dict[str, Any],
        leaks: dict[str, Any],
        before: dict[str, int],
    ) -> bool:
        after = self.space.table_versions()
        reasons, as_planted = tables.quarantine(planted, summary)
        sums, reconciled = tables.reconciliation(planted, summary)
        clean = leaks["verdict"] == "clean"
        for table in (
            tables.volume(self.space.raw_rows(), runs, summary),
            reasons,
            tables.quality(summary),
            tables.top_stores(summary),
            tables.customer(summary),
            sums,
            tables.leaks(leaks),
            tables.versions(before, after, summary),
            tables.timings(self.seconds, summary),
        ):
            self.console.print(table, end="\n" if table.caption else "")
        if before == after:
            self.console.print("Nothing new was ingested and no table changed.")
        self.console.print(f"Report: {self.space.report / REPORT_FILE}", highlight=False, soft_wrap=True)
        verdicts = {
            "the quarantine differs from what was planted": as_planted,
            "rows are missing: see Reconciliation": reconciled,
            f"the leak scan says {leaks['verdict']}: see {self.space.report / LEAK_FILE}": clean,
        }
        for problem, fine in verdicts.items():
            if not fine:
                self.console.print(f"[red]Failed:[/red] {problem}", soft_wrap=True)
        return all(verdicts.values())

    @contextmanager
    def _phase(self, name: str, doing: str | None = None) -> Iterator[None]:
        started = time.monotonic()
        with self.console.status(doing) if doing else ExitStack():
            yield
        self.seconds[name] = time.monotonic() - started
        self.console.print(f"{name}: {self.seconds[name]:.1f} s", highlight=False)


def main() -> int:
    """Entry point; returns the exit code: 0 as planted, 1 failed, 128 + n stopped by signal n."""
    options = _options()
    console = Console(width=None if sys.stdout.isatty() else _WIDTH)
    try:
        with Interrupts() as interrupts:
            space = Workspace.of(options.home, options.rows, options.seed)
            with _alone(space):
                fine = Demo(space, console, interrupts).run(os.environ.get("DATABASE_URL") or None)
        return 0 if fine else _FAILED
    except DemoError as error:
        console.print(f"[red]The demo failed.[/red] {error}", highlight=False, soft_wrap=True)
        return _FAILED
    except Stopped as stopped:
        console.print(f"Stopped by {stopped}; everything that was started has been stopped.")
        return stopped.exit_code


@contextmanager
def _alone(space: Workspace) -> Iterator[None]:
    """Raise DemoError if another demo works in the same directory."""
    with (space.root / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise DemoError(f"Another demo works in {space.root}; wait for it, or choose another SEED.") from None
        yield


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m demo", description=__doc__)
    setting = os.environ.get
    parser.add_argument("--rows", type=_positive, default=setting("ROWS") or "20000", help="rows over all sources")
    parser.add_argument("--seed", type=int, default=setting("SEED") or "42", help="another seed, other customers")
    parser.add_argument("--home", type=Path, default=Path(".demo"), help="where everything is kept")
    return parser.parse_args()


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number of at least 1, not {text!r}")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
