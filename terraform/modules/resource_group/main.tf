resource "azurerm_resource_group" "this" {
  name     = var.name
  location = var.location
  tags     = var.tags
}

# Only where the environment asks for it: a lock also stops the destroy workflow.
resource "azurerm_management_lock" "this" {
  count = var.locked ? 1 : 0

  name       = "cannot-delete"
  scope      = azurerm_resource_group.this.id
  lock_level = "CanNotDelete"
  notes      = "Set by Terraform (variable locked). Remove it there before anything in this group can be destroyed."
}
