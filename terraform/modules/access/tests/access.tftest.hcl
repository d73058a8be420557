mock_provider "azurerm" {
  source = "../../tests/mocks"
}

variables {
  grants     = { a = { principal = "job", scope = "container/raw", role = "Storage Blob Data Reader", why = "reads" } }
  principals = { job = { object_id = "00000000-0000-0000-0000-000000000009", type = "ServicePrincipal" } }
  scopes     = { "container/raw" = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-mock/providers/Microsoft.Storage/storageAccounts/stmock/blobServices/default/containers/raw" }
}

run "assigns_what_is_listed" {
  command = apply

  assert {
    condition     = toset([for a in azurerm_role_assignment.this : "${a.principal_id} ${a.role_definition_name} ${a.scope}"]) == toset(["00000000-0000-0000-0000-000000000009 Storage Blob Data Reader ${var.scopes["container/raw"]}"])
    error_message = "Exactly what is listed must be assigned."
  }

}

run "refuses_a_wide_role" {
  command = plan

  variables {
    grants = { a = { principal = "job", scope = "container/raw", role = "Owner", why = "reads" } }
  }

  expect_failures = [var.grants]
}

run "refuses_an_unknown_principal" {
  command = plan

  variables {
    grants = { a = { principal = "x", scope = "container/raw", role = "Storage Blob Data Reader", why = "reads" } }
  }

  expect_failures = [var.grants]
}

run "refuses_an_unknown_scope" {
  command = plan

  variables {
    grants = { a = { principal = "job", scope = "x", role = "Storage Blob Data Reader", why = "reads" } }
  }

  expect_failures = [var.grants]
}

run "refuses_a_single_person" {
  command = plan

  variables {
    principals = { job = { object_id = "00000000-0000-0000-0000-000000000009", type = "User" } }
  }

  expect_failures = [var.principals]
}
