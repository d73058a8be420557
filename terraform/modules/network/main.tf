locals {
  prefix = tonumber(split("/", var.address_space)[1])

  # Five subnets out of any range from /20 on. Nodes take few addresses, since pods have an overlay of their own.
  # Databricks takes one address in each of its two subnets per node.
  subnets = {
    nodes              = { cidr = cidrsubnet(var.address_space, 24 - local.prefix, 0), endpoints = true, nat = true, delegated = false }
    databricks_public  = { cidr = cidrsubnet(var.address_space, 24 - local.prefix, 2), endpoints = true, nat = true, delegated = true }
    databricks_private = { cidr = cidrsubnet(var.address_space, 24 - local.prefix, 3), endpoints = true, nat = true, delegated = true }
    private_endpoints  = { cidr = cidrsubnet(var.address_space, 26 - local.prefix, 16), endpoints = false, nat = false, delegated = false }
    runner             = { cidr = cidrsubnet(var.address_space, 27 - local.prefix, 34), endpoints = true, nat = true, delegated = false }
  }

  # What may reach a private endpoint: TLS from the subnets that have something to do there, and what Databricks needs.
  clients_of_endpoints = ["nodes", "databricks_public", "databricks_private", "runner"]
}

resource "azurerm_virtual_network" "this" {
  name                = var.name
  resource_group_name = var.resource_group_name
  location            = var.location
  address_space       = [var.address_space]
  tags                = var.tags
}

# Service endpoints: where an environment has no private endpoints, firewalls let these subnets in by service endpoint.
resource "azurerm_subnet" "this" {
  for_each = local.subnets

  name                              = "snet-${replace(each.key, "_", "-")}"
  resource_group_name               = var.resource_group_name
  virtual_network_name              = azurerm_virtual_network.this.name
  address_prefixes                  = [each.value.cidr]
  default_outbound_access_enabled   = false
  private_endpoint_network_policies = each.key == "private_endpoints" ? "NetworkSecurityGroupEnabled" : "Disabled"

  dynamic "service_endpoint" {
    for_each = each.value.endpoints ? ["Microsoft.Storage", "Microsoft.KeyVault"] : []

    content {
      service = service_endpoint.value
    }
  }

  dynamic "delegation" {
    for_each = each.value.delegated ? ["databricks"] : []

    content {
      name = "databricks"

      service_delegation {
        name = "Microsoft.Databricks/workspaces"
        actions = [
          "Microsoft.Network/virtualNetworks/subnets/join/action",
          "Microsoft.Network/virtualNetworks/subnets/prepareNetworkPolicies/action",
          "Microsoft.Network/virtualNetworks/subnets/unprepareNetworkPolicies/action",
        ]
      }
    }
  }
}

# Rules of their own only where something is let in. Azure's default rules refuse the internet; Databricks adds its
# rules to its two groups by the delegation.
resource "azurerm_network_security_group" "this" {
  for_each = local.subnets

  name                = "nsg-${replace(each.key, "_", "-")}"
  resource_group_name = var.resource_group_name
  location            = var.location
  tags                = var.tags
}

resource "azurerm_subnet_network_security_group_association" "this" {
  for_each = local.subnets

  subnet_id                 = azurerm_subnet.this[each.key].id
  network_security_group_id = azurerm_network_security_group.this[each.key].id
}

resource "azurerm_network_security_rule" "endpoints_from_clients" {
  name                         = "allow-tls-from-clients"
  resource_group_name          = var.resource_group_name
  network_security_group_name  = azurerm_network_security_group.this["private_endpoints"].name
  priority                     = 100
  direction                    = "Inbound"
  access                       = "Allow"
  protocol                     = "Tcp"
  source_address_prefixes      = concat([for name in local.clients_of_endpoints : local.subnets[name].cidr], var.endpoint_client_ranges)
  source_port_range            = "*"
  destination_address_prefixes = [local.subnets["private_endpoints"].cidr]
  destination_port_range       = "443"
}

# Clusters reach the control plane by the workspace's endpoint: its relay is on 6666, further services on the others.
# Source: "Azure Private Link concepts" of Azure Databricks, key considerations
# (learn.microsoft.com/azure/databricks/security/network/concepts/private-link).
resource "azurerm_network_security_rule" "endpoints_from_databricks" {
  name                         = "allow-control-plane-from-databricks"
  resource_group_name          = var.resource_group_name
  network_security_group_name  = azurerm_network_security_group.this["private_endpoints"].name
  priority                     = 110
  direction                    = "Inbound"
  access                       = "Allow"
  protocol                     = "Tcp"
  source_address_prefixes      = [for name in ["databricks_public", "databricks_private"] : local.subnets[name].cidr]
  source_port_range            = "*"
  destination_address_prefixes = [local.subnets["private_endpoints"].cidr]
  destination_port_ranges      = ["3306", "6666", "8443-8451"]
}

resource "azurerm_network_security_rule" "endpoints_from_others" {
  name                        = "deny-others"
  resource_group_name         = var.resource_group_name
  network_security_group_name = azurerm_network_security_group.this["private_endpoints"].name
  priority                    = 4000
  direction                   = "Inbound"
  access                      = "Deny"
  protocol                    = "*"
  source_address_prefix       = "*"
  source_port_range           = "*"
  destination_address_prefix  = "*"
  destination_port_range      = "*"
}

resource "azurerm_public_ip" "nat" {
  name                = var.public_ip_name
  resource_group_name = var.resource_group_name
  location            = var.location
  allocation_method   = "Static"
  sku                 = "Standard"
  zones               = var.zones
  tags                = var.tags
}

resource "azurerm_nat_gateway" "this" {
  name                = var.nat_gateway_name
  resource_group_name = var.resource_group_name
  location            = var.location
  sku_name            = "Standard"
  zones               = var.zones
  tags                = var.tags
}

resource "azurerm_nat_gateway_public_ip_association" "this" {
  nat_gateway_id       = azurerm_nat_gateway.this.id
  public_ip_address_id = azurerm_public_ip.nat.id
}

resource "azurerm_subnet_nat_gateway_association" "this" {
  for_each = { for name, subnet in local.subnets : name => subnet if subnet.nat }

  subnet_id      = azurerm_subnet.this[each.key].id
  nat_gateway_id = azurerm_nat_gateway.this.id
}

resource "azurerm_monitor_diagnostic_setting" "security_group" {
  for_each = local.subnets

  name                       = "to-log-analytics"
  target_resource_id         = azurerm_network_security_group.this[each.key].id
  log_analytics_workspace_id = var.log_analytics_workspace_id

  enabled_log {
    category_group = "allLogs"
  }
}
