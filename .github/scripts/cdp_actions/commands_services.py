"""Commands around a service's image and release; see commands.py."""

from __future__ import annotations

import os
import tempfile
from argparse import Namespace
from pathlib import Path

from cdp_actions import deploy, images, terraform
from cdp_actions.github_files import work_folder


def build(given: Namespace) -> None:
    """Build the image of --service."""
    images.build(given.service)


def push(given: Namespace) -> None:
    """Push it to REGISTRY."""
    images.push(given.service, os.environ.get("REGISTRY", ""))


def sign(given: Namespace) -> None:
    """Sign IMAGE, and attach the bill of materials --file."""
    images.sign(os.environ.get("IMAGE", ""), given.file)


def deploy_service(given: Namespace) -> None:
    """Deploy IMAGE as --service."""
    platform = terraform.kept_outputs("platform")
    with tempfile.TemporaryDirectory(dir=work_folder()) as work:
        deploy.deploy(given.service, given.environment, os.environ.get("IMAGE", ""), platform, Path(work))
