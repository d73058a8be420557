"""Builds the CSV ingestion service."""

from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent

setup(
    name="csv-ingestion",
    version=(HERE / "VERSION").read_text(encoding="utf-8").strip(),
    description="Takes customer CSV files from a drop folder into the raw lake",
    package_dir={"": "src"},
    packages=find_packages("src"),
    package_data={"csv_ingestion": ["py.typed"]},
    python_requires=">=3.11",
    install_requires=(HERE / "requirements.txt").read_text(encoding="utf-8").split(),
    entry_points={"console_scripts": ["csv-ingestion = csv_ingestion.interfaces.main:main"]},
)
