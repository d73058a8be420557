variable "name" {
  description = "Name of the virtual network; subnets and their security groups are named after it."
  type        = string
}

variable "resource_group_name" {
  description = "Resource group."
  type        = string
}

variable "location" {
  description = "Azure region."
  type        = string
}

variable "address_space" {
  description = "Address space of the virtual network, at least a /20: it is cut into five subnets."
  type        = string

  validation {
    condition     = can(cidrnetmask(var.address_space)) && tonumber(split("/", var.address_space)[1]) <= 20
    error_message = "address_space must be an IPv4 range of at least a /20, such as 10.20.0.0/16."
  }

  validation {
    condition = anytrue([
      startswith(var.address_space, "10."),
      startswith(var.address_space, "192.168."),
      can(regex("^172\\.(1[6-9]|2[0-9]|3[01])\\.", var.address_space)),
    ])
    error_message = "address_space must be private (RFC 1918): within 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16."
  }
}

variable "endpoint_client_ranges" {
  description = "Private ranges beside the subnets that may reach private endpoints, such as a network that is peered."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "nat_gateway_name" {
  description = "Name of the NAT gateway, the one way out."
  type        = string
}

variable "public_ip_name" {
  description = "Name of the NAT gateway's public address."
  type        = string
}

variable "zones" {
  description = "Availability zone of the NAT gateway and its address, one at most; empty for none."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = length(var.zones) <= 1
    error_message = "A NAT gateway (Standard) stands in one zone: name one at most."
  }
}

variable "log_analytics_workspace_id" {
  description = "Where the security groups' events go."
  type        = string
}

variable "tags" {
  description = "Tags of every resource made here."
  type        = map(string)
  default     = {}
}
