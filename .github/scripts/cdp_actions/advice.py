"""What a person does next where a step failed that could not say so itself, by the step's id.

Our own commands leave better advice; this is for actions of others, tests, and what fails before anything of ours runs.
"""

_AGAIN = "Re-run the failed jobs; githubstatus.com tells of faults at GitHub."
_RUN_LOCALLY = "Its log above names the test; `make test` on your machine shows the same."
_VALIDATE = "The message names file and line. `make test` holds the code to the providers' schemas, too."
_SNAPSHOT = "No copy of the state was kept. Set STATE_ENCRYPTION_KEY (`openssl rand -base64 48`), run it again."

OTHERWISE = 'Open the step\'s log: the last lines say why. docs/first-deployment.md, "When a step fails", has more.'

ADVICE = {
    "checkout": _AGAIN,
    "prepare": f"Python or its two libraries could not be had. {_AGAIN}",
    "project": "`make setup` failed; its log names what is missing. `make setup` on your machine shows the same.",
    "terraform": f"Terraform could not be installed. {_AGAIN}",
    "helm": f"Helm could not be installed. {_AGAIN}",
    "databricks": f"Databricks' CLI could not be installed. {_AGAIN}",
    "buildx": f"Docker's builder could not be set up. {_AGAIN}",
    "cosign": f"cosign could not be installed. {_AGAIN}",
    "azure": (
        "Azure refuses the sign-in. With a client secret: has it ended? `az ad sp credential reset --id <clientId>` "
        "makes a new one; put it into AZURE_CREDENTIALS. With OIDC: its federated credential must name this "
        "environment (docs/first-deployment.md)."
    ),
    "azure-again": f"The sign-in by OIDC could not be renewed. {_AGAIN}",
    "outputs": "Terraform's outputs cannot be read: has `infrastructure` been applied in this environment?",
    "scan": (
        "The image has a known hole that a newer version closes; the log lists it. Raise the version in "
        "requirements/constraints.txt, run `make lock`, push."
    ),
    "sbom": f"The bill of materials could not be made. {_AGAIN}",
    "format": "`terraform fmt -recursive terraform` mends it; then commit.",
    "validate-platform": _VALIDATE,
    "validate-lakehouse": _VALIDATE,
    "tests": _RUN_LOCALLY,
    "snapshot-platform": _SNAPSHOT,
    "snapshot-lakehouse": _SNAPSHOT,
    "keep": f"The encrypted states could not be stored as an artifact. {_AGAIN}",
    "keep-result": f"The result could not be stored as an artifact; it is in this summary. {_AGAIN}",
}
