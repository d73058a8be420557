"""What is made from the Terraform code, and what watches over it: tables of rights, READMEs, costs, state snapshots."""

from pathlib import Path

#: The folder terraform/ of this repository.
TERRAFORM = Path(__file__).resolve().parents[2]
ROOT = TERRAFORM.parent
ENVIRONMENTS = ("dev", "pre", "prod")
