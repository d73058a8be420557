output "lakehouse" {
  description = "What the root lakehouse takes from here, as its variables: terraform output -json lakehouse > ../lakehouse/platform.auto.tfvars.json."
  value = {
    workspace_url          = module.databricks_workspace.url
    workspace_resource_id  = module.databricks_workspace.id
    access_connector_id    = module.databricks_workspace.access_connector_id
    storage_dfs_host       = module.storage.dfs_host
    job_identity_id        = var.identities["job"]
    job_identity_client_id = data.azurerm_user_assigned_identity.this["job"].client_id
    key_vault_id           = module.key_vault["job"].id
    key_vault_uri          = module.key_vault["job"].uri
  }
}

output "services" {
  description = "What the charts of the ingestion services take from here."
  value = {
    tenant_id      = data.azurerm_client_config.current.tenant_id
    registry       = module.container_registry.login_server
    key_vault_name = module.key_vault["services"].name
    namespace      = local.namespace
    raw_url        = "abfss://raw@${module.storage.dfs_host}"
    inbox_url      = "abfss://inbox@${module.storage.dfs_host}"
    # Where pods find the lake, for their network policies: the private endpoints, or else any public address.
    lake_egress = {
      cidrs  = var.private_endpoints ? [module.network.subnet_cidrs["private_endpoints"]] : ["0.0.0.0/0"]
      except = var.private_endpoints ? [] : ["10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16"]
    }
    services = {
      for service, account in var.service_accounts : service => {
        client_id       = data.azurerm_user_assigned_identity.this[service].client_id
        service_account = account.service_account
      }
    }
  }
}

output "cluster" {
  description = "Name and resource group of the cluster, for az aks command invoke."
  value = {
    name                = module.kubernetes.name
    resource_group_name = module.resource_group.name
    command_invoke      = local.public
  }
}

output "grafana_endpoint" {
  description = "Address of Grafana; null if there is none."
  value       = try(module.monitoring.grafana.endpoint, null)
}

output "egress_ip" {
  description = "The address that partners and databases let in."
  value       = module.network.egress_ip
}

output "resource_ids" {
  description = "Main resources, for links to the portal."
  value = {
    resource_group       = module.resource_group.id
    kubernetes_cluster   = module.kubernetes.id
    container_registry   = module.container_registry.id
    storage_account      = module.storage.id
    databricks_workspace = module.databricks_workspace.id
    key_vault_services   = module.key_vault["services"].id
    key_vault_job        = module.key_vault["job"].id
    log_analytics        = module.monitoring.log_analytics_workspace_id
  }
}
