"""Commands around the job on Databricks; see commands.py."""

from __future__ import annotations

import os
from argparse import Namespace

from cdp_actions import databricks, terraform


def use_workspace(given: Namespace) -> None:
    """Give the later steps the workspace and the bundle's variables."""
    databricks.use_outputs(terraform.kept_outputs("platform"), terraform.kept_outputs("lakehouse"))


def deploy(given: Namespace) -> None:
    """Deploy the bundle."""
    databricks.deploy(given.environment)


def start(given: Namespace) -> None:
    """Run the job."""
    databricks.run_job(given.environment)


def fetch(given: Namespace) -> None:
    """The result of RUN_ID into --file."""
    databricks.fetch_result(_catalog(), os.environ["RUN_ID"], given.file)


def destroy(given: Namespace) -> None:
    """Take job and tables away."""
    databricks.destroy(given.environment, _catalog())


def _catalog() -> str:
    return str(terraform.kept_outputs("lakehouse")["bundle"]["catalog"])
