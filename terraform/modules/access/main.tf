# Every role that this project assigns in Azure is assigned here.
resource "azurerm_role_assignment" "this" {
  for_each = var.grants

  scope                = var.scopes[each.value.scope]
  principal_id         = var.principals[each.value.principal].object_id
  principal_type       = var.principals[each.value.principal].type
  role_definition_name = each.value.role
  description          = each.value.why
}
