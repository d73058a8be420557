output "id" {
  description = "Resource id of the virtual network."
  value       = azurerm_virtual_network.this.id
}

output "subnet_ids" {
  description = "Resource id of each subnet: nodes, databricks_public, databricks_private, private_endpoints, runner. Known once the NAT gateway and the security groups are in place."
  value       = { for name, subnet in azurerm_subnet.this : name => subnet.id }

  # Nodes that start before their way out exists fail for good.
  depends_on = [
    azurerm_subnet_nat_gateway_association.this,
    azurerm_subnet_network_security_group_association.this,
    azurerm_nat_gateway_public_ip_association.this,
  ]
}

output "subnet_cidrs" {
  description = "Address range of each subnet."
  value       = { for name, subnet in local.subnets : name => subnet.cidr }
}

output "subnet_names" {
  description = "Name of each subnet."
  value       = { for name, subnet in azurerm_subnet.this : name => subnet.name }
}

output "security_group_association_ids" {
  description = "Association of each subnet with its security group, which Databricks asks for."
  value       = { for name, association in azurerm_subnet_network_security_group_association.this : name => association.id }
}

output "client_subnet_ids" {
  description = "Subnets that firewalls let in by service endpoint."
  value       = [for name, subnet in local.subnets : azurerm_subnet.this[name].id if subnet.endpoints]
}

output "egress_ip" {
  description = "The one address that partners and databases see."
  value       = azurerm_public_ip.nat.ip_address
}
