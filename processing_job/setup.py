"""Builds the job etl-customers as one wheel."""

from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent
REQUIREMENTS = (HERE / "requirements.txt").read_text(encoding="utf-8").split()
#: What Databricks has already: its own Spark, which another one would spoil, and our contract's wheel, under whose name
#: nobody shall ask a public registry. The extra `local` brings them everywhere else.
ON_DATABRICKS = [
    wanted for wanted in REQUIREMENTS if wanted.startswith(("customer-contract", "delta-spark", "pyspark"))
]

setup(
    name="etl-customers",
    version=(HERE / "VERSION").read_text(encoding="utf-8").strip(),
    description="From raw to bronze, silver and gold on Spark and Delta",
    package_dir={"": "src"},
    packages=find_packages("src"),
    package_data={"etl_customers": ["py.typed", "report/*.html"]},
    python_requires=">=3.11",
    install_requires=[wanted for wanted in REQUIREMENTS if wanted not in ON_DATABRICKS],
    extras_require={"local": ON_DATABRICKS},
    entry_points={
        "console_scripts": [
            "etl-customers = etl_customers.main:main",
            "etl-customers-maintain = etl_customers.maintenance.main:main",
            "etl-customers-leak-scan = etl_customers.privacy.leak_scan:main",
            "etl-customers-views = etl_customers.views:main",
        ]
    },
)
