data "azurerm_user_assigned_identity" "this" {
  for_each = var.identities

  name                = split("/", each.value)[8]
  resource_group_name = split("/", each.value)[4]
}

locals {
  namespace = one(distinct([for account in values(var.service_accounts) : account.namespace]))

  principals = merge(
    { for name, identity in data.azurerm_user_assigned_identity.this : name => { object_id = identity.principal_id, type = "ServicePrincipal" } },
    { for name, id in var.groups : name => { object_id = id, type = "Group" } },
    {
      deployer       = { object_id = data.azurerm_client_config.current.object_id, type = "ServicePrincipal" }
      databricks_app = { object_id = var.databricks_app_object_id, type = "ServicePrincipal" }
    },
    { for name in var.monitoring.grafana == null ? [] : ["grafana"] : name => { object_id = module.monitoring.grafana.principal_id, type = "ServicePrincipal" } },
  )

  scopes = merge(
    { for name in ["raw", "bronze", "silver", "gold", "inbox"] : "container/${name}" => module.storage.container_ids[name] },
    # A right on one secret, which need not exist yet.
    {
      for name in ["database-ingestion-database-url", "database-ingestion-service-token", "api-ingestion-api-key", "api-ingestion-api-client-secret", "api-ingestion-service-token", "csv-ingestion-service-token", "applicationinsights-connection-string"] :
      "secret/${name}" => "${module.key_vault["services"].id}/secrets/${name}"
    },
    {
      "registry/images"       = module.container_registry.id
      "cluster/services"      = module.kubernetes.id
      "cluster/ingestion"     = "${module.kubernetes.id}/namespaces/${local.namespace}"
      "key_vault/services"    = module.key_vault["services"].id
      "key_vault/job"         = module.key_vault["job"].id
      "monitoring/prometheus" = module.monitoring.monitor_workspace_id
      "monitoring/logs"       = module.monitoring.log_analytics_workspace_id
    },
    { for name in var.monitoring.grafana == null ? [] : ["grafana/dashboards"] : name => module.monitoring.grafana.id },
  )

  scopes_for_cluster = {
    "subnet/nodes"     = module.network.subnet_ids["nodes"]
    "identity/kubelet" = var.identities["kubelet"]
  }

  # Grafana is not in every environment, nor are senders of files.
  absent = concat(
    var.monitoring.grafana == null ? ["grafana"] : [],
    contains(keys(var.groups), "inbox_senders") ? [] : ["inbox_senders"],
  )

  grants = {
    for grant in yamldecode(file("${path.module}/../access.yaml")).azure :
    "${grant.principal} ${replace(lower(grant.role), " ", "-")} ${grant.scope}" => grant
    if !contains(local.absent, grant.principal) && !contains(local.absent, split("/", grant.scope)[0])
  }
}

# In two steps, as the cluster needs the first and is itself a scope of the second.
module "access_for_cluster" {
  source = "../modules/access"

  grants     = { for key, grant in local.grants : key => grant if contains(keys(local.scopes_for_cluster), grant.scope) }
  principals = local.principals
  scopes     = local.scopes_for_cluster
}

module "access" {
  source = "../modules/access"

  grants     = { for key, grant in local.grants : key => grant if !contains(keys(local.scopes_for_cluster), grant.scope) }
  principals = local.principals
  scopes     = local.scopes
}
