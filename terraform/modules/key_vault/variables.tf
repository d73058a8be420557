variable "name" {
  description = "Name of the vault: 3 to 24 letters, digits and dashes, unique in all of Azure."
  type        = string

  validation {
    condition     = can(regex("^[a-zA-Z][a-zA-Z0-9-]{1,22}[a-zA-Z0-9]$", var.name)) && !strcontains(var.name, "--")
    error_message = "A vault's name has 3 to 24 letters, digits and single dashes, and begins with a letter."
  }
}

variable "resource_group_name" {
  description = "Resource group."
  type        = string
}

variable "location" {
  description = "Azure region."
  type        = string
}

variable "tenant_id" {
  description = "Entra tenant that its users are of."
  type        = string
}

variable "public_network_access" {
  description = "Whether the vault answers on its public address, to the subnets and addresses below only."
  type        = bool
}

variable "allowed_subnet_ids" {
  description = "Subnets let in by service endpoint."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "allowed_ip_ranges" {
  description = "Public addresses let in, such as a runner's."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for range in var.allowed_ip_ranges : can(cidrnetmask(strcontains(range, "/") ? range : "${range}/32")) && !endswith(range, "/0")])
    error_message = "allowed_ip_ranges must be IPv4 addresses or ranges; never 0.0.0.0/0."
  }
}

variable "soft_delete_days" {
  description = "How long a deleted vault or secret can be had back; cannot be changed later."
  type        = number

  validation {
    condition     = var.soft_delete_days >= 7 && var.soft_delete_days <= 90
    error_message = "soft_delete_days must be 7 to 90."
  }
}

variable "purge_protection" {
  description = "Whether nobody can delete for good before that time. Cannot be switched off again."
  type        = bool
}

variable "log_analytics_workspace_id" {
  description = "Where each access is logged."
  type        = string
}

variable "tags" {
  description = "Tags of every resource made here."
  type        = map(string)
  default     = {}
}
