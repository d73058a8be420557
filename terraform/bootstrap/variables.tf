variable "project" {
  description = "Short name of the project; the first part of each name."
  type        = string
  default     = "cdp"
}

variable "environment" {
  description = "dev, pre or prod."
  type        = string
}

variable "location" {
  description = "Azure region."
  type        = string
}

variable "region_code" {
  description = "Short name of the region in names, such as brs."
  type        = string
}

variable "unique_suffix" {
  description = "3 to 5 letters and digits that make names unique in all of Azure."
  type        = string
}

variable "owner" {
  description = "Who answers for these resources; a tag."
  type        = string
}

variable "cost_center" {
  description = "Who pays; a tag."
  type        = string
}

variable "state_replication" {
  description = "Redundancy of the states: ZRS, GRS or GZRS."
  type        = string
  default     = "ZRS"

  validation {
    condition     = contains(["ZRS", "GRS", "GZRS"], var.state_replication)
    error_message = "state_replication must be ZRS, GRS or GZRS: a state is not kept in one zone alone."
  }
}

variable "soft_delete_days" {
  description = "How long deleted and overwritten states can be had back."
  type        = number
  default     = 90

  validation {
    condition     = var.soft_delete_days >= 30 && var.soft_delete_days <= 365
    error_message = "soft_delete_days must be 30 to 365."
  }
}

variable "create_identities" {
  description = "Whether to make the six user-assigned identities here; false where somebody else gives them out."
  type        = bool
  default     = false
}
