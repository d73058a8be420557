"""Builds the API ingestion service."""

from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent

setup(
    name="api-ingestion",
    version=(HERE / "VERSION").read_text(encoding="utf-8").strip(),
    description="Takes customer records from a partner's HTTP API into the raw lake",
    package_dir={"": "src"},
    packages=find_packages("src"),
    package_data={"api_ingestion": ["py.typed"]},
    python_requires=">=3.11",
    install_requires=(HERE / "requirements.txt").read_text(encoding="utf-8").split(),
    entry_points={"console_scripts": ["api-ingestion = api_ingestion.interfaces.main:main"]},
)
