variable "name" {
  description = "Name of the registry; letters and digits only, unique in all of Azure."
  type        = string

  validation {
    condition     = can(regex("^[a-zA-Z0-9]{5,50}$", var.name))
    error_message = "A registry's name has 5 to 50 letters and digits."
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

variable "sku" {
  description = "Basic, Standard or Premium. Private endpoints, zones and retention are Premium's alone."
  type        = string

  validation {
    condition     = contains(["Basic", "Standard", "Premium"], var.sku)
    error_message = "sku must be Basic, Standard or Premium."
  }
}

variable "public_network_access" {
  description = "Whether the registry answers on its public address (with Entra sign-in all the same)."
  type        = bool

  validation {
    condition     = var.public_network_access || var.sku == "Premium"
    error_message = "Only a Premium registry can refuse its public address; set sku to Premium."
  }
}

variable "zone_redundant" {
  description = "Whether images are kept in all zones of the region."
  type        = bool
  default     = false

  validation {
    condition     = !var.zone_redundant || var.sku == "Premium"
    error_message = "Only a Premium registry is zone redundant; set sku to Premium."
  }
}

variable "untagged_retention_days" {
  description = "After how many days images without a tag go; null keeps them. Premium."
  type        = number
  default     = null

  validation {
    condition     = var.untagged_retention_days == null || var.sku == "Premium"
    error_message = "Only a Premium registry removes untagged images; set sku to Premium, or untagged_retention_days to null."
  }
}

variable "log_analytics_workspace_id" {
  description = "Where its log goes."
  type        = string
}

variable "tags" {
  description = "Tags of every resource made here."
  type        = map(string)
  default     = {}
}
