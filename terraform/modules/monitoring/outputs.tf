output "log_analytics_workspace_id" {
  description = "Resource id of the Log Analytics workspace."
  value       = azurerm_log_analytics_workspace.this.id
}

output "application_insights_id" {
  description = "Resource id of Application Insights."
  value       = azurerm_application_insights.this.id
}

output "application_insights_connection_string" {
  description = "What the services send their traces and metrics with."
  value       = azurerm_application_insights.this.connection_string
  sensitive   = true
}

output "action_group_id" {
  description = "Resource id of the action group."
  value       = azurerm_monitor_action_group.this.id
}

output "monitor_workspace_id" {
  description = "Resource id of the Azure Monitor workspace, where Prometheus' metrics are."
  value       = azurerm_monitor_workspace.this.id
}

output "grafana" {
  description = "Grafana's resource id, address and identity; null if there is none."
  value = var.grafana == null ? null : {
    id           = azurerm_dashboard_grafana.this[0].id
    endpoint     = azurerm_dashboard_grafana.this[0].endpoint
    principal_id = azurerm_dashboard_grafana.this[0].identity[0].principal_id
  }
}
