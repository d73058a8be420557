"""Builds the service that ingests customers from a database."""

from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent

setup(
    name="database-ingestion",
    version=(HERE / "VERSION").read_text(encoding="utf-8").strip(),
    description="Takes customers from a database table into the raw lake",
    package_dir={"": "src"},
    packages=find_packages("src"),
    package_data={"database_ingestion": ["py.typed"]},
    python_requires=">=3.11",
    install_requires=(HERE / "requirements.txt").read_text(encoding="utf-8").split(),
    entry_points={"console_scripts": ["database-ingestion=database_ingestion.interfaces.main:main"]},
)
