# Apart, as checkov's parser takes the argument `for` for the keyword, and reads nothing of the file it is in.
resource "azurerm_monitor_alert_prometheus_rule_group" "this" {
  for_each = local.rule_groups

  name                = "alerts-${each.key}-${var.names.dashed}"
  resource_group_name = var.resource_group_name
  location            = var.location
  cluster_name        = var.cluster.name
  interval            = "PT1M"
  scopes              = [var.monitor_workspace_id, var.cluster.id]
  rule_group_enabled  = true
  tags                = var.tags

  dynamic "rule" {
    for_each = each.value

    content {
      alert       = rule.key
      enabled     = true
      expression  = rule.value.expression
      for         = rule.value.lasting
      severity    = rule.value.severity
      annotations = { description = rule.value.description }

      action {
        action_group_id = var.action_group_id
      }

      alert_resolution {
        auto_resolved   = true
        time_to_resolve = "PT15M"
      }
    }
  }
}
