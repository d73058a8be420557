mock_provider "azurerm" {
  source = "../../tests/mocks"
}

variables {
  resource_group_name = "rg-mock"
  location            = "brazilsouth"
  name_suffix         = "cdp-prod-brs"
  virtual_network_id  = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-mock/providers/Microsoft.Network/virtualNetworks/vnet-mock"
  subnet_id           = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-mock/providers/Microsoft.Network/virtualNetworks/vnet-mock/subnets/snet-mock"
  endpoints           = { lake_blob = { resource_id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-mock/providers/Microsoft.Storage/storageAccounts/stmock", subresource = "blob", zone = "privatelink.blob.core.windows.net" }, lake_dfs = { resource_id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-mock/providers/Microsoft.Storage/storageAccounts/stmock", subresource = "dfs", zone = "privatelink.dfs.core.windows.net" } }
}

run "makes_one_each" {
  command = apply

  assert {
    condition     = length(azurerm_private_endpoint.this) == 2 && length(azurerm_private_dns_zone.this) == 2
    error_message = "Each needs an endpoint, and each kind a zone."
  }

  assert {
    condition     = azurerm_private_endpoint.this["lake_dfs"].private_service_connection[0].subresource_names[0] == "dfs"
    error_message = "The wrong subresource."
  }

}

run "refuses_another_zone" {
  command = plan

  variables {
    endpoints = { lake = { resource_id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-mock/providers/Microsoft.Storage/storageAccounts/stmock", subresource = "dfs", zone = "privatelink.blob.core.windows.net" } }
  }

  expect_failures = [var.endpoints]
}

run "refuses_no_network_id" {
  command = plan

  variables {
    virtual_network_id = "vnet"
  }

  expect_failures = [var.virtual_network_id]
}

run "refuses_no_subnet_id" {
  command = plan

  variables {
    subnet_id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-mock/providers/Microsoft.Network/virtualNetworks/vnet-mock"
  }

  expect_failures = [var.subnet_id]
}
