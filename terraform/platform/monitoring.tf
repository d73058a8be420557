module "monitoring" {
  source = "../modules/monitoring"

  names               = local.names
  resource_group_name = module.resource_group.name
  location            = var.location
  retention_days      = var.monitoring.retention_days
  daily_quota_gb      = var.monitoring.daily_quota_gb
  alert_emails        = var.alert_emails
  grafana = var.monitoring.grafana == null ? null : {
    major_version         = var.monitoring.grafana.major_version
    zone_redundant        = var.monitoring.grafana.zone_redundant
    public_network_access = local.public
  }
  tags = local.tags
}

module "alerts" {
  source = "../modules/alerts"

  names                      = merge(local.names, { dashed = module.naming.dashed })
  resource_group_name        = module.resource_group.name
  location                   = var.location
  action_group_id            = module.monitoring.action_group_id
  log_analytics_workspace_id = module.monitoring.log_analytics_workspace_id
  monitor_workspace_id       = module.monitoring.monitor_workspace_id
  cluster                    = { id = module.kubernetes.id, name = module.kubernetes.name }
  namespace                  = local.namespace
  sources                    = keys(var.service_accounts)
  storage_account_id         = module.storage.id
  key_vault_ids              = { for purpose, vault in module.key_vault : purpose => vault.id }
  thresholds                 = var.monitoring.thresholds
  tags                       = local.tags
}
