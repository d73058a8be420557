"""Writes the locks, with hashes, from which images and tools are installed: `python scripts/lock.py` (make lock).

requirements.lock of each service: what it, the kernel and the contract need, at the versions of constraints.txt.
requirements/build.lock: what builds our own wheels. requirements/actions.lock: what the workflows' summaries need.
requirements/tools/*.txt: the Python tools of scripts/tools.py.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from importlib.metadata import requires
from pathlib import Path

from tools import LOCKS, TOOLS

ROOT = Path(__file__).resolve().parents[1]
CONSTRAINTS = ROOT / "requirements" / "constraints.txt"
BUILD_LOCK = ROOT / "requirements" / "build.lock"
ACTIONS_LOCK = ROOT / "requirements" / "actions.lock"
#: Of terraform/tools, which prints the costs.
ACTIONS_NEED = ("python-hcl2", "PyYAML")
SERVICES = ("database", "api", "csv")
OURS = ("customer-contract", "ingestion-kernel")
#: The images' platform; hashes of every wheel and source archive are in the lock whatever stands here.
_PLATFORM = ("--python-version", "3.11", "--python-platform", "linux")


def main() -> None:
    """Write all of them. PyPI is needed."""
    for service in SERVICES:
        compile_lock(needs_of(service), service_lock(service), constraints=CONSTRAINTS)
    compile_lock(["setuptools"], BUILD_LOCK)
    compile_lock(ACTIONS_NEED, ACTIONS_LOCK, constraints=CONSTRAINTS)
    LOCKS.mkdir(exist_ok=True)
    for tool in TOOLS:
        if tool.kind == "python":
            compile_lock([f"{tool.package}=={tool.version}"], LOCKS / f"{tool.name}.txt")


def service_lock(service: str) -> Path:
    """Where the lock of a service is."""
    return ROOT / "microservices" / service / "requirements.lock"


def needs_of(service: str) -> list[str]:
    """What the service's three wheels ask for, beside each other."""
    found = {need for wheel in (*OURS, f"{service}-ingestion") for need in requires(wheel) or ()}
    return sorted(found - set(OURS))


def compile_lock(needs: Iterable[str], lock: Path, constraints: Path | None = None) -> None:
    """Resolve `needs` into `lock`, keeping the versions that it has already where they still fit.

    Raises:
        SystemExit: they cannot be resolved; uv has said why.
    """
    uv = Path(sys.executable).with_name("uv")
    bounds = ["--constraint", str(constraints)] if constraints else []
    command = [str(uv), "pip", "compile", "--quiet", "--generate-hashes", "--no-header", "--no-annotate", *_PLATFORM]
    done = subprocess.run(
        [*command, *bounds, "--output-file", str(lock), "-"], input="\n".join(needs), text=True, cwd=ROOT
    )
    if done.returncode:
        sys.exit(f"{lock.relative_to(ROOT)} could not be made; the lines above tell why. PyPI is needed.")
    print(f"{lock.relative_to(ROOT)}: {lock.read_text(encoding='utf-8').count('==')} packages")


if __name__ == "__main__":
    main()
