"""Builds the contract package; customers.odcs.yaml and stores.yaml travel in its wheel (links in the package)."""

from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent

setup(
    name="customer-contract",
    version=(HERE / "VERSION").read_text(encoding="utf-8").strip(),
    description="The data contract of the customer data platform, and what reads it",
    package_dir={"": "src"},
    packages=find_packages("src"),
    package_data={"customer_contract": ["*.yaml", "py.typed"]},
    python_requires=">=3.11",
    install_requires=["pydantic>=2.12,<3", "PyYAML>=6,<7"],
)
