output "assignments" {
  description = "What was assigned: scope, role and principal of each grant."
  value = {
    for key, assignment in azurerm_role_assignment.this : key => {
      scope        = assignment.scope
      role         = assignment.role_definition_name
      principal_id = assignment.principal_id
    }
  }
}
