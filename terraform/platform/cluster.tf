module "container_registry" {
  source = "../modules/container_registry"

  name                       = local.names.container_registry
  resource_group_name        = module.resource_group.name
  location                   = var.location
  sku                        = var.registry.sku
  zone_redundant             = var.registry.zone_redundant
  untagged_retention_days    = var.registry.untagged_retention_days
  public_network_access      = local.public
  log_analytics_workspace_id = module.monitoring.log_analytics_workspace_id
  tags                       = local.tags
}

module "kubernetes" {
  source = "../modules/kubernetes"

  name                       = local.names.kubernetes_cluster
  resource_group_name        = module.resource_group.name
  location                   = var.location
  kubernetes_version         = var.kubernetes.version
  sku_tier                   = var.kubernetes.sku_tier
  host_encryption            = var.kubernetes.host_encryption
  system_pool                = var.kubernetes.system_pool
  workload_pool              = var.kubernetes.workload_pool
  zones                      = var.zones
  nodes_subnet_id            = module.network.subnet_ids["nodes"]
  control_plane_identity_id  = var.identities["control_plane"]
  tenant_id                  = data.azurerm_client_config.current.tenant_id
  admin_group_object_ids     = [var.groups["platform_admins"]]
  command_invoke             = local.public
  log_analytics_workspace_id = module.monitoring.log_analytics_workspace_id
  tags                       = local.tags

  kubelet_identity = {
    id        = var.identities["kubelet"]
    client_id = data.azurerm_user_assigned_identity.this["kubelet"].client_id
    object_id = data.azurerm_user_assigned_identity.this["kubelet"].principal_id
  }

  federated_service_accounts = {
    for service, account in var.service_accounts : service => merge(account, { identity_id = var.identities[service] })
  }

  # The cluster cannot start before its identities may do their part.
  depends_on = [module.access_for_cluster]
}
