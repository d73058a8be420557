output "ids" {
  description = "Resource id of each endpoint."
  value       = { for name, endpoint in azurerm_private_endpoint.this : name => endpoint.id }
}

output "zone_ids" {
  description = "Resource id of each private DNS zone."
  value       = { for name, zone in azurerm_private_dns_zone.this : name => zone.id }
}
