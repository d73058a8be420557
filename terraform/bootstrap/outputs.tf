output "backend" {
  description = "What the other roots' backend needs: the content of their backend.hcl."
  value = {
    resource_group_name  = module.resource_group.name
    storage_account_name = azurerm_storage_account.state.name
    container_name       = azurerm_storage_container.state.name
  }
}

output "identities" {
  description = "Resource ids of the identities made here: the platform's variable identities. Empty if none were made."
  value       = { for name, identity in azurerm_user_assigned_identity.this : replace(name, "-", "_") => identity.id }
}
