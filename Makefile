# make help lists the targets. make demo and make test need no other step.
PYTHON ?= python3
ROWS ?= 20000
SEED ?= 42
ROUNDS ?= 200
KILLS ?= 20
WORKERS ?= 2
SERVICE ?= csv
VENV := .venv/bin
SOURCES := contracts microservices processing_job demo scripts tests benchmarks terraform .github/scripts
ENV ?= dev
TF_ROOT ?= terraform/platform
WORKFLOW ?= infrastructure
INPUTS ?= environment=dev
TERRAFORM_TOOLS := PYTHONPATH=terraform/tools $(VENV)/python -m cdp_terraform

.DEFAULT_GOAL := help
.PHONY: help demo demo-clean ingest process test lint types unit spark e2e bench format chaos faults dictionary charts lock deploy-local costs terraform-docs state-snapshot state-restore dry-run setup tools clean

help: ## Show this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z0-9-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: ## Whole platform on this machine, on synthetic data (ROWS=20000 SEED=42)
	@$(PYTHON) scripts/bootstrap.py demo
	@exec $(VENV)/python -m demo --rows $(ROWS) --seed $(SEED)

demo-clean: ## Remove what the demo left in .demo/
	rm -rf .demo

ingest: ## Your own data into raw: DATABASE_URL=, API_URL= and/or CSV_INPUT_DIR= (LAKE=lake)
	@$(PYTHON) scripts/bootstrap.py demo
	@$(VENV)/python scripts/own_data.py ingest

process: ## The job over your own lake: raw to bronze, silver, gold (LAKE=lake)
	@$(PYTHON) scripts/bootstrap.py demo
	@$(VENV)/python scripts/own_data.py process

setup: ## Make or update .venv with everything that tests need
	@$(PYTHON) scripts/bootstrap.py dev

tools: setup ## Put the tools of the deployment files' checks (helm, hadolint, tflint, checkov, actionlint, zizmor) into .tools/
	@$(PYTHON) scripts/tools.py

test: setup ## Everything that CI runs (WORKERS=2 test processes)
	@$(MAKE) --no-print-directory -j 3 tools lint types
	$(VENV)/python -m pytest --numprocesses $(WORKERS)

lint: setup ## black, flake8, data contract
	$(VENV)/black --check --quiet $(SOURCES) || ($(VENV)/black --check $(SOURCES); exit 1)
	$(VENV)/flake8 $(SOURCES)
	$(VENV)/datacontract lint contracts/customers.odcs.yaml

types: setup ## mypy
	$(VENV)/mypy

unit: setup ## Only the tests that need neither Spark nor the demo
	$(VENV)/python -m pytest contracts microservices

spark: setup ## Only the job's tests, a Spark in each process (WORKERS=2)
	SPARK_EACH=1 $(VENV)/python -m pytest --numprocesses $(WORKERS) processing_job

e2e: setup ## Only the end-to-end tests, through real processes
	$(VENV)/python -m pytest demo tests

bench: setup ## Measure side by side with what one would use instead (benchmarks/README.md)
	$(VENV)/python -m benchmarks

chaos: setup ## Kill and race the ingestion services, more rounds than `make test` (ROUNDS=200); docs/ingestion-proofs.md
	PROOF_ROUNDS=$(ROUNDS) PROOF_REPORT=docs/ingestion-proofs.md $(VENV)/python -m pytest tests/ingestion

faults: setup ## Break the job, more rounds than `make test` (KILLS=20); writes docs/faults.md
	FAULT_ROUNDS=$(KILLS) FAULTS_REPORT=1 $(VENV)/python -m pytest processing_job/tests/test_faults_kills.py processing_job/tests/test_faults_reruns.py processing_job/tests/test_faults_storage.py processing_job/tests/test_faults_content.py

dictionary: setup ## Write docs/data-dictionary.md anew from the tables' schemas
	WRITE_DATA_DICTIONARY=1 $(VENV)/python -m pytest processing_job/tests/test_data_dictionary.py

charts: setup ## Write the charts' values.schema.json anew from helm/values.schema.yaml and the services' settings
	$(VENV)/python scripts/chart_schemas.py

lock: setup ## Write the locks with hashes (images, tools) anew from requirements/constraints.txt
	$(VENV)/python scripts/lock.py

deploy-local: tools ## One service to a kind cluster on this machine (SERVICE=csv); needs docker, kind and kubectl
	@$(VENV)/python scripts/deploy_local.py $(SERVICE)

costs: setup ## What an environment on Azure costs in a month (ENV=dev, pre or prod)
	@$(TERRAFORM_TOOLS) costs $(ENV)

terraform-docs: setup ## Write anew what is made from terraform/: READMEs' tables, docs/access.md, docs/costs.md
	@$(TERRAFORM_TOOLS) docs

state-snapshot: setup ## Keep a Terraform state encrypted in snapshots/ (TF_ROOT=terraform/platform, STATE_ENCRYPTION_KEY)
	@$(TERRAFORM_TOOLS).state_snapshot take $(TF_ROOT)

state-restore: setup ## Give a state back (SNAPSHOT=snapshots/....tfstate.gpg TF_ROOT=terraform/platform FORCE=)
	@$(TERRAFORM_TOOLS).state_snapshot restore $(SNAPSHOT) --push $(TF_ROOT) $(FORCE)

dry-run: setup ## Run a workflow with stand-ins for Azure (WORKFLOW=infrastructure INPUTS="environment=dev")
	@PYTHONPATH=.github/scripts $(VENV)/python -m cdp_dryrun $(WORKFLOW) $(INPUTS)

format: setup ## Format the code
	$(VENV)/black $(SOURCES)

clean: ## Remove the environment and the tools' caches
	rm -rf .venv .tools .mypy_cache .pytest_cache .import_linter_cache build dist
