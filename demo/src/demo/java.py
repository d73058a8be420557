"""Is there a Java that Spark can run on?"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from demo.errors import DemoError

#: Spark 4.0's documentation: Java 17 and 21.
OLDEST = 17
_ADVICE = (
    f"Install Java {OLDEST} or 21 (Debian, Ubuntu: apt-get install openjdk-17-jre-headless; macOS: brew install "
    "openjdk@17) and set JAVA_HOME to it if it is not the one on the PATH."
)


def check_java() -> int:
    """The major version of the Java that Spark will take.

    Raises:
        DemoError: there is none, or it is too old.
    """
    home = os.environ.get("JAVA_HOME")
    program = str(Path(home, "bin", "java")) if home else shutil.which("java")
    where = "in JAVA_HOME" if home else "on the PATH"
    if program is None:
        raise DemoError(f"Spark needs Java {OLDEST} or newer, and there is no java on the PATH. {_ADVICE}")
    try:
        said = subprocess.run([program, "-version"], capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        raise DemoError(f"Spark needs Java {OLDEST} or newer, but the java {where} does not run. {_ADVICE}") from None
    version = major_version(said.stderr + said.stdout)
    if said.returncode or version is None:
        raise DemoError(f"Spark needs Java {OLDEST} or newer, but the java {where} does not run. {_ADVICE}")
    if version < OLDEST:
        raise DemoError(f"Spark needs Java {OLDEST} or newer, but the java {where} is Java {version}. {_ADVICE}")
    return version


def major_version(text: str) -> int | None:
    """The major version in what `java -version` prints: `1.8.0_392` is 8, `17.0.15` is 17, `21-ea` is 21."""
    found = re.search(r'version "(?:1\.)?([0-9]+)', text)
    return int(found[1]) if found else None
