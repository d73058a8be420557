# Azure's own numbers of the lake, the vaults and the nodes.
locals {
  metric_alerts = merge(
    {
      storage-available = {
        scope       = var.storage_account_id
        namespace   = "Microsoft.Storage/storageAccounts"
        metric      = "Availability"
        operator    = "LessThan"
        threshold   = 99
        severity    = 1
        description = "The lake answers less than 99 of 100 requests."
      }
      storage-slow = {
        scope       = var.storage_account_id
        namespace   = "Microsoft.Storage/storageAccounts"
        metric      = "SuccessServerLatency"
        operator    = "GreaterThan"
        threshold   = 1000
        severity    = 3
        description = "The lake takes more than a second to answer."
      }
      nodes-cpu = {
        scope       = var.cluster.id
        namespace   = "Microsoft.ContainerService/managedClusters"
        metric      = "node_cpu_usage_percentage"
        operator    = "GreaterThan"
        threshold   = 90
        severity    = 3
        description = "The nodes' processors are busy to more than 90%."
      }
      nodes-memory = {
        scope       = var.cluster.id
        namespace   = "Microsoft.ContainerService/managedClusters"
        metric      = "node_memory_working_set_percentage"
        operator    = "GreaterThan"
        threshold   = 90
        severity    = 2
        description = "The nodes' memory is full to more than 90%."
      }
    },
    {
      for purpose, id in var.key_vault_ids : "key-vault-${purpose}-available" => {
        scope       = id
        namespace   = "Microsoft.KeyVault/vaults"
        metric      = "Availability"
        operator    = "LessThan"
        threshold   = 99
        severity    = 2
        description = "The key vault answers less than 99 of 100 requests."
      }
    },
  )
}

resource "azurerm_monitor_metric_alert" "this" {
  for_each = local.metric_alerts

  name                = "${each.key}-${var.names.dashed}"
  resource_group_name = var.resource_group_name
  scopes              = [each.value.scope]
  description         = each.value.description
  severity            = each.value.severity
  frequency           = "PT5M"
  window_size         = "PT15M"
  auto_mitigate       = true
  tags                = var.tags

  criteria {
    metric_namespace = each.value.namespace
    metric_name      = each.value.metric
    aggregation      = "Average"
    operator         = each.value.operator
    threshold        = each.value.threshold
  }

  action {
    action_group_id = var.action_group_id
  }
}
