module "storage" {
  source = "../modules/storage"

  name                       = local.names.storage_account
  resource_group_name        = module.resource_group.name
  location                   = var.location
  replication                = var.storage.replication
  containers                 = ["raw", "bronze", "silver", "gold", "inbox"]
  public_network_access      = local.public
  allowed_subnet_ids         = local.public ? module.network.client_subnet_ids : []
  allowed_ip_ranges          = local.public ? var.sender_ip_ranges : []
  allowed_resource_ids       = { access_connector = module.databricks_workspace.access_connector_id }
  soft_delete_days           = var.storage.soft_delete_days
  lifecycle_rules            = var.storage.lifecycle_rules
  log_analytics_workspace_id = module.monitoring.log_analytics_workspace_id
  tags                       = local.tags
}

module "databricks_workspace" {
  source = "../modules/databricks_workspace"

  name                       = local.names.databricks_workspace
  access_connector_name      = local.names.access_connector
  resource_group_name        = module.resource_group.name
  location                   = var.location
  job_identity_id            = var.identities["job"]
  public_network_access      = local.public
  managed_storage_sku        = var.databricks.managed_storage_sku
  log_analytics_workspace_id = module.monitoring.log_analytics_workspace_id
  tags                       = local.tags

  network = {
    virtual_network_id            = module.network.id
    public_subnet_name            = module.network.subnet_names["databricks_public"]
    private_subnet_name           = module.network.subnet_names["databricks_private"]
    public_subnet_association_id  = module.network.security_group_association_ids["databricks_public"]
    private_subnet_association_id = module.network.security_group_association_ids["databricks_private"]
  }
}
