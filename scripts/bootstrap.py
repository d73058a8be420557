"""Makes the project's environment: `python3 scripts/bootstrap.py demo|dev`. Does nothing if it is up to date.

Runs before anything is installed, hence the standard library only, and syntax that old Pythons still parse, so that
they can be told what is missing.
"""

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
REQUIREMENTS = ROOT / "requirements"
COMPONENTS = (
    "contracts",
    "microservices/kernel",
    "microservices/database",
    "microservices/api",
    "microservices/csv",
    "processing_job",
    "demo",
)
MIN_PYTHON = (3, 11)
MIN_JAVA = 17


def main():
    """Check what must be there already, then build or update the environment."""
    flavour = sys.argv[1] if len(sys.argv) > 1 else "demo"
    check_python()
    check_java()
    if is_ready(flavour):
        return
    with alone():
        if not is_ready(flavour):
            make_ready(flavour)


def is_ready(flavour):
    """True if the environment is up to date; what tests need includes what the demo needs."""
    stamps = [(stamp(enough), fingerprint(enough)) for enough in {flavour, "dev"}]
    return any(path.exists() and path.read_text() == wanted for path, wanted in stamps)


@contextlib.contextmanager
def alone(what="setup"):
    """Wait for another set-up of this directory: two at once would spoil each other's work."""
    # in the tree: in /tmp even root may not open a lock that somebody else made (fs.protected_regular)
    path = ROOT / (".%s.lock" % what)
    try:
        lock = open(str(path), "w")
    except OSError as error:
        stop(
            "%s cannot be opened (%s). Did another user, such as root, set up here before? Then give the directory to "
            "one of the two: chown -R" % (path.name, error.strerror)
        )
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            say("another set-up of this directory is running; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def make_ready(flavour):
    """Build or update the environment."""
    started = time.time()
    say("setting up .venv for %s (some minutes the first time, nothing after)" % flavour)
    make_venv()
    install(flavour)
    say("fetching Spark's further jars (Delta, Hadoop)")
    run([python(), "-m", "etl_customers.config.jars"], "Spark's further jars could not be fetched from Maven Central.")
    stamp(flavour).write_text(fingerprint(flavour))
    say("environment ready after %d s" % (time.time() - started))


def stamp(flavour):
    """The file that says for what the environment was made."""
    return VENV / ("." + flavour + "-ready")


def check_python():
    """Stop unless this Python is new enough and can make environments."""
    if sys.version_info < MIN_PYTHON:
        found = "%d.%d" % sys.version_info[:2]
        stop(
            "Python 3.11 or newer is needed, %s is %s. Name another one: make PYTHON=python3.11 ..."
            % (sys.executable, found)
        )
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        stop("Python's venv module is missing. On Debian and Ubuntu: apt-get install python3-venv")


def check_java():
    """Stop unless a Java of at least version 17 is found where Spark will look for it."""
    home = os.environ.get("JAVA_HOME")
    java = os.path.join(home, "bin", "java") if home else shutil.which("java")
    if not java or not os.path.exists(java):
        where = "JAVA_HOME=%s has no bin/java." % home if home else "No java on the PATH."
        stop(
            "Java 17 or newer is needed for Spark. %s On Debian and Ubuntu: apt-get install openjdk-17-jre-headless"
            % where
        )
    said = subprocess.run([java, "-version"], stderr=subprocess.PIPE, stdout=subprocess.PIPE).stderr.decode()
    found = re.search(r'version "(?:1\.)?(\d+)', said)
    if not found or int(found.group(1)) < MIN_JAVA:
        stop("Java 17 or newer is needed for Spark; %s is version %s" % (java, found.group(1) if found else "unknown"))


def fingerprint(flavour):
    """Changes whenever what must be installed changes."""
    files = sorted(REQUIREMENTS.glob("*.txt"))
    files += [path for part in COMPONENTS for path in (ROOT / part / "setup.py", ROOT / part / "requirements.txt")]
    digest = hashlib.sha256((flavour + sys.version + str(ROOT)).encode())
    for path in files:
        digest.update(path.read_bytes() if path.exists() else b"-")
    return digest.hexdigest()


def make_venv():
    """Make the environment unless it is there and works."""
    same = [python(), "-c", "import pip, sys; sys.exit(sys.version != %r)" % sys.version]
    works = python().exists() and subprocess.run(same, stderr=subprocess.DEVNULL).returncode == 0
    if not works:
        shutil.rmtree(VENV, ignore_errors=True)
        run([sys.executable, "-m", "venv", VENV], "The environment .venv could not be made.")


def install(flavour):
    """Install the components as they stand in this tree, with what they need, at versions known to work together.

    By uv, which takes a third of pip's time; by pip where uv is not to be had, or where only pip's own settings
    (pip.conf: a mirror, a certificate) lead to the packages.
    """
    what = ["--constraint", REQUIREMENTS / "constraints.txt"]
    if flavour == "dev":
        what += ["--requirement", REQUIREMENTS / "dev.txt"]
    for component in COMPONENTS:
        what += ["--editable", ROOT / component]
    pip = [python(), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if succeeds(pip + ["--constraint", REQUIREMENTS / "constraints.txt", "uv"]):
        if succeeds([python(), "-m", "uv", "pip", "install", "--quiet", "--python", python()] + what):
            return
    say("uv could not install the packages; trying pip, which takes longer")
    run(pip + what, "Packages could not be installed; the lines above tell which. A network and PyPI are needed once.")


def python():
    """The environment's own Python."""
    return VENV / "bin" / "python"


def run(command, failure):
    """Run a command, stop with `failure` if it fails."""
    if not succeeds(command):
        stop(failure)


def succeeds(command):
    """Run a command and tell whether it ended well; what it says is shown."""
    return subprocess.run([str(part) for part in command], cwd=str(ROOT)).returncode == 0


def say(text):
    """Tell the person at the terminal."""
    print("[setup] " + text, file=sys.stderr, flush=True)


def stop(text):
    """End with a clear message."""
    say(text)
    sys.exit(1)


if __name__ == "__main__":
    main()
