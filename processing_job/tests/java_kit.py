"""Another Java than the tests' own, if this machine has it."""

from __future__ import annotations

import os
import re
from pathlib import Path

#: The long-term release after those that PySpark 4.0 names (17 and 21). Java 24 took out what Spark's Hadoop client
#: calls.
NEWER = 25


def newer_java() -> dict[str, str]:
    """What names it to a process. Looked for where Debian and its kin, or GitHub's runners, keep it."""
    told = [Path(home) for name, home in os.environ.items() if re.match("JAVA_HOME_[0-9]+", name)]
    for home in [*told, *Path("/usr/lib/jvm").glob("*")]:
        release = home / "release"
        if release.exists() and re.search(rf'^JAVA_VERSION="{NEWER}\b', release.read_text(), re.MULTILINE):
            return {"JAVA_HOME": str(home)}
    return {}
