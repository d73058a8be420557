"""Nothing that standard (shared) access mode and serverless compute refuse: both know Spark only through Connect.

Source: https://learn.microsoft.com/azure/databricks/compute/standard-limitations ("Spark API limitations"),
https://learn.microsoft.com/azure/databricks/compute/serverless/limitations
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from customer_contract import Contract
from delta import exceptions
from pyspark import cloudpickle
from pyspark.sql.types import StringType, StructField, StructType

import etl_customers
from etl_customers.modules.bronze.load import BronzeAppend
from etl_customers.privacy.token_key import TokenKey
from etl_customers.utils.address import Address
from etl_customers.utils.conflicts import CONFLICTS

ROOT = Path(etl_customers.__file__).parent
_CONTEXT = {"sparkContext", "SparkContext", "SparkConf", "SQLContext", "sqlContext", "_sc", "sc"}
_JVM = {"_jvm", "_jsc", "_jdf", "_jsparkSession", "_jseq", "_jreader", "_jwrite", "_jc"}
_ROWS = {"rdd", "parallelize", "toRDD", "foreach", "foreachPartition", "mapPartitions", "accumulator"}
_MEMORY = {"cache", "persist", "unpersist", "checkpoint", "localCheckpoint", "cacheTable"}
_OTHER = {"addPyFile", "addJar", "createGlobalTempView", "createOrReplaceGlobalTempView", "input_file_name"}
_REFUSED = _CONTEXT | _JVM | _ROWS | _MEMORY | _OTHER
#: The one place that may: it starts a Spark of its own, which a session that is given never does.
_EXCUSED = ("config/session.py", "local_session")


def _findings(source: str) -> Iterator[tuple[str, int, str]]:
    """(function, line, name) of each use; also by an import, and as the text that getattr takes."""
    owner = "module"
    for statement in ast.parse(source).body:
        owner = getattr(statement, "name", "module")
        for node in ast.walk(statement):
            names = {
                ast.Attribute: lambda n: [n.attr],
                ast.Name: lambda n: [n.id] if n.id in _CONTEXT | _JVM else [],
                ast.ImportFrom: lambda n: [alias.name for alias in n.names],
                ast.Import: lambda n: [alias.name.rpartition(".")[2] for alias in n.names],
                ast.Constant: lambda n: [n.value] if isinstance(n.value, str) else [],
            }.get(type(node), lambda n: [])(node)
            yield from ((owner, node.lineno, name) for name in names if name in _REFUSED)  # type: ignore[attr-defined]


def test_no_module_uses_what_is_refused() -> None:
    excused = 0
    for path in sorted(ROOT.rglob("*.py")):
        module = path.relative_to(ROOT).as_posix()
        for owner, line, name in _findings(path.read_text(encoding="utf-8")):
            assert (module, owner) == _EXCUSED, f"{module}:{line}: {name}"
            excused += 1
    assert excused, f"{_EXCUSED} needs no excuse any more"


@pytest.mark.parametrize(
    "use",
    [
        "frame.rdd.map(f)",
        "spark.sparkContext.setLogLevel('OFF')",
        "frame._jdf.queryExecution()",
        "spark._jvm.java.lang.System.exit(0)",
        "sc.parallelize([1])",
        "from pyspark import SparkContext",
        "getattr(spark, '_jsc')",
        "frame.where('a').cache()",
        "def f():\n    return lambda: [row for row in frame.rdd.collect()]",
    ],
)
def test_each_use_would_be_found(use: str) -> None:
    assert list(_findings(use))


def test_what_foreach_batch_calls_can_be_sent_to_another_process(contract: Contract) -> None:
    """Connect pickles it. A session or a lock in it could not be."""
    schema = StructType([StructField("cpf", StringType())])
    address, key = Address("`c`.`s`.`t`", is_name=True), TokenKey("k1", bytes(range(40)))
    append = BronzeAppend(contract, address, schema, key, "run", "csv", bulk=False)
    assert cloudpickle.loads(cloudpickle.dumps(append)) == append


def test_of_delta_only_what_is_documented_is_imported() -> None:
    """Databricks Runtime brings a `delta` of its own, whose files need not be those of the open-source package."""
    found = set()
    for path in ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "delta":
                found |= {(node.module, alias.name) for alias in node.names}
    assert ("delta", "exceptions") in found
    documented = {"delta": {"exceptions"}, "delta.tables": {"DeltaTable", "DeltaMergeBuilder"}}
    assert not [(module, name) for module, name in found if name not in documented.get(str(module), ())]
    assert {kind.__name__ for kind in CONFLICTS} <= set(exceptions.__all__)


def test_a_given_session_is_told_only_what_serverless_lets_it_set() -> None:
    """Besides, `LakeTable.merge` and Auto Loader set one of Delta's and one of Auto Loader's options, which serverless
    compute refuses and a job cluster does not (docs/decisions/0008-addresses-and-secrets.md)."""
    from etl_customers.config import session

    assert session._EVERYWHERE.keys() == {"spark.sql.session.timeZone", "spark.sql.ansi.enabled"}
