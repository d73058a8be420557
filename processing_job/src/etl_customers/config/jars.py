"""The local session's jars, Delta's and Hadoop's: resolved once into the environment, not at each start of Spark.

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

#: For the Java: this environment's Spark and Python, in the place of those that the shell may name for other work; and
#: a locale that every machine has, as without a valid one Java 17 cannot open a file whose path is not ASCII.
OWN = {"SPARK_HOME": str(Path(pyspark.__file__).parent), "PYSPARK_PYTHON": sys.executable, "LC_ALL": "C.UTF-8"}
#: The Hadoop client that PySpark 4.0 brings (3.4.1) asks Java who the user is in a way that Java 24 took out: no Spark
#: starts. This one, of the same line, asks otherwise. https://issues.apache.org/jira/browse/HADOOP-19212
_HADOOP = "3.4.3"
#: What goes before Spark's own jars. Of the rest Spark has versions that it was tested with.
_BEFORE_SPARK = ("io.delta_", "io.unitycatalog_", "org.apache.hadoop_", "org.locationtech.jts_")

#: Only the central repository (Ivy's built-in default), so that an unreachable second one costs no time.
_IVY_SETTINGS = """<ivysettings>
  <settings defaultResolver="central"/>
  <resolvers><ibiblio name="central" m2compatible="true" usepoms="true"/></resolvers>
</ivysettings>
"""


def class_path() -> str:
    """What `spark.driver.extraClassPath` takes; fetches the jars on first use.

    Raises:
        ConfigurationInvalid: they are not here and cannot be fetched.
    """
    return os.pathsep.join(str(jar) for jar in _jars() if jar.name.startswith(_BEFORE_SPARK))


def delta_coordinate() -> str:
    """Delta for the installed PySpark, as Maven names it."""
    spark_minor = ".".join(spark_version.split(".")[:2])
    return f"io.delta:delta-spark_{spark_minor}_2.13:{version('delta-spark')}"


def _jars() -> list[Path]:
    name = f"delta-{version('delta-spark')}-spark-{spark_version}-hadoop-{_HADOOP}"
    folder = Path(sys.prefix) / "share" / "etl-customers" / name
    if not folder.is_dir():
        _resolve(folder)
    return sorted(folder.glob("*.jar"))


def _resolve(target: Path) -> None:
    clients = (f"org.apache.hadoop:hadoop-client-{part}:{_HADOOP}" for part in ("api", "runtime"))
    coordinates = [delta_coordinate(), *clients]
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as work:
        settings = Path(work, "ivysettings.xml")
        settings.write_text(_IVY_SETTINGS, encoding="utf-8")
        command = [
            str(Path(OWN["SPARK_HOME"], "bin", "spark-submit")),
            *("--packages", ",".join(coordinates)),
            *("--conf", f"spark.jars.ivy={work}"),
            *("--conf", f"spark.jars.ivySettings={settings.as_uri()}"),
            *("--class", "org.apache.spark.deploy.NoSuchClass", "spark-internal"),
        ]
        # Ivy resolves before Spark looks for the class; there is no command that only resolves.
        env = os.environ | OWN | {"SPARK_LOCAL_IP": "127.0.0.1"}
        done = subprocess.run(command, capture_output=True, text=True, env=env)
        jars = Path(work, "jars")
        if not all(any(jars.glob(f"{group}_*.jar")) for group in ("io.delta", "org.apache.hadoop")):
            reason = [line for line in done.stderr.splitlines() if "rror" in line][-3:]
            raise ConfigurationInvalid(f"{', '.join(coordinates)} cannot be fetched from Maven Central: {reason}")
        try:
            shutil.move(jars, target)
        except OSError:  # another process resolved them at the same time
            if not target.is_dir():
                raise


if __name__ == "__main__":
    print(f"{len(_jars())} jars")
