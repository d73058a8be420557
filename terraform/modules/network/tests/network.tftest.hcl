mock_provider "azurerm" {
  source = "../../tests/mocks"
}

variables {
  name                       = "vnet-mock"
  resource_group_name        = "rg-mock"
  location                   = "brazilsouth"
  address_space              = "10.30.0.0/16"
  nat_gateway_name           = "ng"
  public_ip_name             = "pip"
  zones                      = ["1"]
  log_analytics_workspace_id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-mock/providers/Microsoft.OperationalInsights/workspaces/log-mock"
}

run "cuts_the_range" {
  command = apply

  assert {
    condition     = length(azurerm_subnet.this) == 5
    error_message = "There must be five subnets."
  }

  assert {
    condition     = alltrue([for subnet in azurerm_subnet.this : !subnet.default_outbound_access_enabled])
    error_message = "A subnet has Azure's default way out."
  }

  assert {
    condition     = toset(keys(azurerm_subnet_network_security_group_association.this)) == toset(keys(azurerm_subnet.this))
    error_message = "A subnet has no security group."
  }

  assert {
    condition     = azurerm_network_security_rule.endpoints_from_clients.destination_port_range == "443"
    error_message = "Endpoints must be open to all their clients for TLS only."
  }

  assert {
    condition     = toset(azurerm_network_security_rule.endpoints_from_databricks.destination_port_ranges) == toset(["3306", "6666", "8443-8451"])
    error_message = "Databricks' clusters do not reach the control plane by its endpoint."
  }

  assert {
    condition     = toset(azurerm_network_security_rule.endpoints_from_databricks.source_address_prefixes) == toset(["10.30.2.0/24", "10.30.3.0/24"])
    error_message = "Databricks' ports must be open to its own subnets alone."
  }

  assert {
    condition     = !contains(azurerm_network_security_rule.endpoints_from_clients.source_address_prefixes, "*")
    error_message = "Endpoints must not be open to all."
  }

  assert {
    condition     = length(azurerm_subnet_nat_gateway_association.this) == 4
    error_message = "Four subnets go out by the NAT gateway."
  }

  assert {
    condition     = length([for subnet in azurerm_subnet.this : subnet if length(subnet.delegation) == 1]) == 2
    error_message = "Databricks needs two delegated subnets."
  }

}

run "lets_other_networks_in_to_the_endpoints" {
  command = plan

  variables {
    endpoint_client_ranges = ["10.99.0.0/24"]
  }

  assert {
    condition     = contains(azurerm_network_security_rule.endpoints_from_clients.source_address_prefixes, "10.99.0.0/24") && length(azurerm_network_security_rule.endpoints_from_clients.source_address_prefixes) == 5
    error_message = "A network that is named must reach the endpoints, beside the subnets."
  }
}

run "takes_the_smallest_range" {
  command = apply

  variables {
    address_space = "192.168.16.0/20"
  }

  assert {
    condition     = azurerm_subnet.this["runner"].address_prefixes[0] == "192.168.20.64/27"
    error_message = "The runner's subnet lies elsewhere."
  }

  assert {
    condition     = length(distinct([for subnet in azurerm_subnet.this : subnet.address_prefixes[0]])) == 5
    error_message = "Subnets share a range."
  }

}

run "refuses_a_small_range" {
  command = plan

  variables {
    address_space = "10.0.0.0/21"
  }

  expect_failures = [var.address_space]
}

run "refuses_a_public_range" {
  command = plan

  variables {
    address_space = "8.8.0.0/16"
  }

  expect_failures = [var.address_space]
}

run "refuses_two_zones_of_a_nat" {
  command = plan

  variables {
    zones = ["1", "2"]
  }

  expect_failures = [var.zones]
}
