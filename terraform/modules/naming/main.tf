# Abbreviations: https://learn.microsoft.com/azure/cloud-adoption-framework/ready/azure-best-practices/resource-abbreviations
# Limits: https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules
locals {
  dashed = "${var.project}-${var.environment}-${var.region_code}"
  joined = "${var.project}${var.environment}${var.region_code}${var.unique_suffix}"

  names = {
    access_connector         = "dbac-${local.dashed}"
    action_group             = "ag-${local.dashed}"
    application_insights     = "appi-${local.dashed}"
    budget                   = "budget-${local.dashed}"
    container_registry       = "cr${local.joined}"
    data_collection_endpoint = "dce-${local.dashed}"
    data_collection_rule     = "dcr-${local.dashed}"
    databricks_workspace     = "dbw-${local.dashed}"
    grafana                  = "amg-${local.dashed}"
    key_vault_job            = "kvjob${local.joined}"
    key_vault_services       = "kvsvc${local.joined}"
    kubernetes_cluster       = "aks-${local.dashed}"
    log_analytics_workspace  = "log-${local.dashed}"
    monitor_workspace        = "amw-${local.dashed}"
    nat_gateway              = "ng-${local.dashed}"
    public_ip                = "pip-${local.dashed}"
    resource_group           = "rg-${local.dashed}"
    state_storage_account    = "sttf${local.joined}"
    storage_account          = "stlake${local.joined}"
    virtual_network          = "vnet-${local.dashed}"
  }

  # Shortest, longest, and what a name may look like.
  limits = {
    access_connector         = { min = 3, max = 64, pattern = "^[a-zA-Z0-9_-]+$" }
    action_group             = { min = 1, max = 260, pattern = "^[a-zA-Z0-9_-]+$" }
    application_insights     = { min = 1, max = 260, pattern = "^[a-zA-Z0-9_-]+$" }
    budget                   = { min = 1, max = 63, pattern = "^[a-zA-Z0-9_-]+$" }
    container_registry       = { min = 5, max = 50, pattern = "^[a-zA-Z0-9]+$" }
    data_collection_endpoint = { min = 3, max = 44, pattern = "^[a-zA-Z0-9-]+$" }
    data_collection_rule     = { min = 3, max = 64, pattern = "^[a-zA-Z0-9-]+$" }
    databricks_workspace     = { min = 3, max = 64, pattern = "^[a-zA-Z0-9_-]+$" }
    grafana                  = { min = 2, max = 23, pattern = "^[a-zA-Z][a-zA-Z0-9-]*[a-zA-Z0-9]$" }
    key_vault_job            = { min = 3, max = 24, pattern = "^[a-zA-Z][a-zA-Z0-9-]*[a-zA-Z0-9]$" }
    key_vault_services       = { min = 3, max = 24, pattern = "^[a-zA-Z][a-zA-Z0-9-]*[a-zA-Z0-9]$" }
    kubernetes_cluster       = { min = 1, max = 63, pattern = "^[a-zA-Z0-9][a-zA-Z0-9_-]*[a-zA-Z0-9]$" }
    log_analytics_workspace  = { min = 4, max = 63, pattern = "^[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]$" }
    monitor_workspace        = { min = 4, max = 44, pattern = "^[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]$" }
    nat_gateway              = { min = 1, max = 80, pattern = "^[a-zA-Z0-9][a-zA-Z0-9_.-]*$" }
    public_ip                = { min = 1, max = 80, pattern = "^[a-zA-Z0-9][a-zA-Z0-9_.-]*$" }
    resource_group           = { min = 1, max = 90, pattern = "^[a-zA-Z0-9_-]+$" }
    state_storage_account    = { min = 3, max = 24, pattern = "^[a-z0-9]+$" }
    storage_account          = { min = 3, max = 24, pattern = "^[a-z0-9]+$" }
    virtual_network          = { min = 2, max = 64, pattern = "^[a-zA-Z0-9][a-zA-Z0-9_.-]*$" }
  }

  misfits = [
    for kind, name in local.names : "${kind} ${name}"
    if length(name) < local.limits[kind].min
    || length(name) > local.limits[kind].max
    || !can(regex(local.limits[kind].pattern, name))
  ]
}
