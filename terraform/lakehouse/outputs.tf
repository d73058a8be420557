output "bundle" {
  description = "Variables of the bundle processing_job/databricks.yml, for BUNDLE_VAR_<name>."
  value = {
    catalog                  = databricks_catalog.this.name
    secret_scope             = databricks_secret_scope.job.name
    cluster_policy_id        = databricks_cluster_policy.job.id
    run_as_service_principal = databricks_service_principal.job.application_id
    operators_group          = var.group_names["operators"]
    node_type_id             = var.cluster.node_types[0]
    max_workers              = tostring(var.cluster.max_workers)
  }
}
