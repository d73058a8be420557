module "network" {
  source = "../modules/network"

  name                       = local.names.virtual_network
  resource_group_name        = module.resource_group.name
  location                   = var.location
  address_space              = var.address_space
  endpoint_client_ranges     = var.sender_networks
  nat_gateway_name           = local.names.nat_gateway
  public_ip_name             = local.names.public_ip
  zones                      = slice(var.zones, 0, min(1, length(var.zones)))
  log_analytics_workspace_id = module.monitoring.log_analytics_workspace_id
  tags                       = local.tags
}

locals {
  # ADLS answers on two names. Databricks' browser_authentication is one per region; the first environment of a region
  # makes it.
  endpoints = merge(
    {
      lake_blob          = { resource_id = module.storage.id, subresource = "blob", zone = "privatelink.blob.core.windows.net" }
      lake_dfs           = { resource_id = module.storage.id, subresource = "dfs", zone = "privatelink.dfs.core.windows.net" }
      key_vault_services = { resource_id = module.key_vault["services"].id, subresource = "vault", zone = "privatelink.vaultcore.azure.net" }
      key_vault_job      = { resource_id = module.key_vault["job"].id, subresource = "vault", zone = "privatelink.vaultcore.azure.net" }
    },
    # Only a Premium registry has private endpoints.
    { for name in var.registry.sku == "Premium" ? ["registry"] : [] : name => { resource_id = module.container_registry.id, subresource = "registry", zone = "privatelink.azurecr.io" } },
    local.public ? {} : {
      databricks_ui_api         = { resource_id = module.databricks_workspace.id, subresource = "databricks_ui_api", zone = "privatelink.azuredatabricks.net" }
      databricks_authentication = { resource_id = module.databricks_workspace.id, subresource = "browser_authentication", zone = "privatelink.azuredatabricks.net" }
    },
    { for name in var.monitoring.grafana == null || local.public ? [] : ["grafana"] : name => { resource_id = module.monitoring.grafana.id, subresource = "grafana", zone = "privatelink.grafana.azure.com" } },
  )
}

module "private_endpoints" {
  source = "../modules/private_endpoints"
  count  = var.private_endpoints ? 1 : 0

  resource_group_name = module.resource_group.name
  location            = var.location
  name_suffix         = module.naming.dashed
  virtual_network_id  = module.network.id
  subnet_id           = module.network.subnet_ids["private_endpoints"]
  endpoints           = local.endpoints
  tags                = local.tags
}
