output "id" {
  description = "Resource id of the workspace."
  value       = azurerm_databricks_workspace.this.id
}

output "url" {
  description = "Address of the workspace, with https://."
  value       = "https://${azurerm_databricks_workspace.this.workspace_url}"
}

output "workspace_id" {
  description = "Number of the workspace, as Unity Catalog knows it."
  value       = azurerm_databricks_workspace.this.workspace_id
}

output "access_connector_id" {
  description = "Resource id of the access connector."
  value       = azurerm_databricks_access_connector.this.id
}
