"""Delta's jars for the local session: resolved once into the environment, not at each start of Spark.

`spark.jars.packages` would ask Ivy each time, and Spark's own settings ask a second repository first. Databricks brings
its own jars; nothing here runs there.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

import pyspark
from pyspark.version import __version__ as spark_version

from etl_customers.errors import ConfigurationInvalid

#: Only the central repository (Ivy's built-in default), so that an unreachable second one costs no time.
_IVY_SETTINGS = """<ivysettings>
  <settings defaultResolver="central"/>
  <resolvers><ibiblio name="central" m2compatible="true" usepoms="true"/></resolvers>
</ivysettings>
"""


def delta_jars() -> list[Path]:
    """Paths of the jars, resolving them on first use.

    Raises:
        ConfigurationInvalid: they are not here and cannot be fetched.
    """
    folder = Path(sys.prefix) / "share" / "etl-customers" / f"delta-{version('delta-spark')}-spark-{spark_version}"
    if not folder.is_dir():
        _resolve(folder)
    return sorted(folder.glob("*.jar"))


def _resolve(target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as work:
        settings = Path(work, "ivysettings.xml")
        settings.write_text(_IVY_SETTINGS, encoding="utf-8")
        command = [
            str(Path(pyspark.__file__).parent / "bin" / "spark-submit"),
            *("--packages", _coordinate()),
            *("--conf", f"spark.jars.ivy={work}"),
            *("--conf", f"spark.jars.ivySettings={settings}"),
            *("--class", "org.apache.spark.deploy.NoSuchClass", "spark-internal"),
        ]
        # Ivy resolves before Spark looks for the class; there is no command that only resolves.
        done = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"SPARK_LOCAL_IP": "127.0.0.1"})
        jars = Path(work, "jars")
        if not any(jars.glob("io.delta_delta-spark*.jar")):
            reason = [line for line in done.stderr.splitlines() if "rror" in line][-3:]
            raise ConfigurationInvalid(f"Delta's jars ({_coordinate()}) cannot be fetched from Maven Central: {reason}")
        try:
            shutil.move(jars, target)
        except OSError:  # another process resolved them at the same time
            if not target.is_dir():
                raise


def _coordinate() -> str:
    spark_minor = ".".join(spark_version.split(".")[:2])
    return f"io.delta:delta-spark_{spark_minor}_2.13:{version('delta-spark')}"


if __name__ == "__main__":
    print(f"{len(delta_jars())} jars")
