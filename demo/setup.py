"""Builds the demo: the whole platform on one machine, on synthetic data."""

from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent

setup(
    name="customer-data-demo",
    version=(HERE / "VERSION").read_text(encoding="utf-8").strip(),
    description="The customer data platform, whole, on one machine",
    package_dir={"": "src"},
    packages=find_packages("src"),
    package_data={"demo": ["py.typed"]},
    python_requires=">=3.11",
    install_requires=(HERE / "requirements.txt").read_text(encoding="utf-8").split(),
)
