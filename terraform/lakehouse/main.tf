locals {
  # Where tables lie: below a folder of their layer's container. ops (metrics of runs, checkpoints) lies beside bronze,
  # which nobody but the job may read, since checkpoints know names of files.
  roots = {
    bronze = "abfss://bronze@${var.storage_dfs_host}/tables"
    silver = "abfss://silver@${var.storage_dfs_host}/tables"
    gold   = "abfss://gold@${var.storage_dfs_host}/tables"
    ops    = "abfss://bronze@${var.storage_dfs_host}/ops"
  }

  comments = {
    bronze = "All history as received; clear personal data: the job alone"
    silver = "Clean, valid, masked; quarantine"
    gold   = "Analytic tables"
    ops    = "Metrics, reports and checkpoints of runs"
  }
}

resource "databricks_service_principal" "job" {
  application_id = var.job_identity_client_id
  display_name   = "etl-customers-${var.environment}"
}

resource "databricks_storage_credential" "lake" {
  name            = "lake-${var.environment}"
  comment         = "The job's identity, by the access connector"
  isolation_mode  = "ISOLATION_MODE_ISOLATED"
  skip_validation = var.skip_storage_validation

  azure_managed_identity {
    access_connector_id = var.access_connector_id
    managed_identity_id = var.job_identity_id
  }
}

resource "databricks_external_location" "layer" {
  for_each = toset(["raw", "bronze", "silver", "gold"])

  name            = "${each.key}-${var.environment}"
  url             = "abfss://${each.key}@${var.storage_dfs_host}/"
  credential_name = databricks_storage_credential.lake.name
  read_only       = each.key == "raw"
  isolation_mode  = "ISOLATION_MODE_ISOLATED"
  skip_validation = var.skip_storage_validation
}

resource "databricks_catalog" "this" {
  name           = var.environment
  comment        = "Customer data platform, ${var.environment}"
  storage_root   = "abfss://bronze@${var.storage_dfs_host}/catalog"
  isolation_mode = "ISOLATED"

  depends_on = [databricks_external_location.layer]
}

resource "databricks_schema" "this" {
  for_each = local.roots

  catalog_name = databricks_catalog.this.name
  name         = each.key
  comment      = local.comments[each.key]
  storage_root = each.value
}

resource "databricks_volume" "raw" {
  catalog_name     = databricks_catalog.this.name
  schema_name      = databricks_schema.this["bronze"].name
  name             = "raw"
  comment          = "Batches as the services publish them; read only"
  volume_type      = "EXTERNAL"
  storage_location = databricks_external_location.layer["raw"].url
}

resource "databricks_volume" "work" {
  catalog_name = databricks_catalog.this.name
  schema_name  = databricks_schema.this["ops"].name
  name         = "work"
  comment      = "Checkpoints, and summaries and reports of runs"
  volume_type  = "MANAGED"
}

# Over the job's own vault: whoever may read the scope may read all of its vault.
resource "databricks_secret_scope" "job" {
  name = "etl-customers-${var.environment}"

  keyvault_metadata {
    resource_id = var.key_vault_id
    dns_name    = var.key_vault_uri
  }
}

resource "databricks_secret_acl" "job" {
  scope      = databricks_secret_scope.job.name
  principal  = databricks_service_principal.job.application_id
  permission = "READ"
}

# Where the bundle puts the job's wheels: its usual place is below the deployer's home, which is closed to the job.
resource "databricks_directory" "wheels" {
  path             = "/etl-customers-${var.environment}"
  delete_recursive = true
}
