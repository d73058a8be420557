output "id" {
  description = "Resource id of the storage account."
  value       = azurerm_storage_account.this.id
}

output "name" {
  description = "Name of the storage account."
  value       = azurerm_storage_account.this.name
}

output "dfs_host" {
  description = "Host of the Data Lake endpoint."
  value       = azurerm_storage_account.this.primary_dfs_host
}

output "container_ids" {
  description = "Resource id of each container: what a role is assigned on."
  value       = { for name, container in azurerm_storage_container.this : name => container.id }
}
