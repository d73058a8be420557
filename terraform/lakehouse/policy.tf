# What the bundle's job cluster may be: processing_job/resources/etl_customers.job.yml fits it (tested).
resource "databricks_cluster_policy" "job" {
  name        = "etl-customers-${var.environment}"
  description = "Job clusters of etl-customers"

  definition = jsonencode({
    cluster_type                    = { type = "fixed", value = "job" }
    spark_version                   = { type = "fixed", value = "17.3.x-scala2.13" }
    data_security_mode              = { type = "fixed", value = "SINGLE_USER" }
    node_type_id                    = { type = "allowlist", values = var.cluster.node_types, defaultValue = var.cluster.node_types[0] }
    driver_node_type_id             = { type = "allowlist", values = var.cluster.node_types, defaultValue = var.cluster.node_types[0] }
    "autoscale.min_workers"         = { type = "range", minValue = 1, maxValue = var.cluster.max_workers, defaultValue = 1 }
    "autoscale.max_workers"         = { type = "range", minValue = 1, maxValue = var.cluster.max_workers }
    "azure_attributes.availability" = { type = "fixed", value = "ON_DEMAND_AZURE" }
    "custom_tags.project"           = { type = "fixed", value = "customer-data-platform" }
    "custom_tags.environment"       = { type = "fixed", value = var.environment }
  })
}

resource "databricks_permissions" "policy" {
  cluster_policy_id = databricks_cluster_policy.job.id

  access_control {
    service_principal_name = databricks_service_principal.job.application_id
    permission_level       = "CAN_USE"
  }
}
