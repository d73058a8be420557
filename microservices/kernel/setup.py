"""Builds the kernel that the three ingestion services share."""

from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent

setup(
    name="ingestion-kernel",
    version=(HERE / "VERSION").read_text(encoding="utf-8").strip(),
    description="Ports, use case, raw lake and shells of the ingestion services",
    package_dir={"": "src"},
    packages=find_packages("src"),
    package_data={"ingestion_kernel": ["py.typed"]},
    python_requires=">=3.11",
    install_requires=(HERE / "requirements.txt").read_text(encoding="utf-8").split(),
)
