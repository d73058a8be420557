# Two vaults. All secrets of a vault are open to whoever may read the secret scope that Databricks keeps over it, so the
# services' secrets are not in the job's.
module "key_vault" {
  source   = "../modules/key_vault"
  for_each = { services = local.names.key_vault_services, job = local.names.key_vault_job }

  name                       = each.value
  resource_group_name        = module.resource_group.name
  location                   = var.location
  tenant_id                  = data.azurerm_client_config.current.tenant_id
  public_network_access      = local.public
  allowed_subnet_ids         = local.public ? module.network.client_subnet_ids : []
  allowed_ip_ranges          = local.public ? var.runner_ip_ranges : []
  soft_delete_days           = var.key_vault.soft_delete_days
  purge_protection           = var.key_vault.purge_protection
  log_analytics_workspace_id = module.monitoring.log_analytics_workspace_id
  tags                       = local.tags
}

# Who writes needs the right to, and a way in.
resource "azurerm_key_vault_secret" "given" {
  for_each = var.secret_settings

  name             = each.key
  key_vault_id     = module.key_vault[each.key == "token-key" ? "job" : "services"].id
  value_wo         = var.secret_values[each.key]
  value_wo_version = each.value.version
  content_type     = "text/plain"
  expiration_date  = each.value.expires
  tags             = local.tags

  depends_on = [module.access, module.private_endpoints]
}

resource "azurerm_key_vault_secret" "telemetry" {
  name             = "applicationinsights-connection-string"
  key_vault_id     = module.key_vault["services"].id
  value_wo         = module.monitoring.application_insights_connection_string
  value_wo_version = 1
  content_type     = "text/plain"
  expiration_date  = var.telemetry_secret_expires
  tags             = local.tags

  depends_on = [module.access, module.private_endpoints]
}
