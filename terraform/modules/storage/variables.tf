variable "name" {
  description = "Name of the storage account: 3 to 24 lower-case letters and digits, unique in all of Azure."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9]{3,24}$", var.name))
    error_message = "A storage account's name has 3 to 24 lower-case letters and digits."
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

variable "replication" {
  description = "LRS (one zone), ZRS (three zones), GRS or GZRS (a second region as well)."
  type        = string

  validation {
    condition     = contains(["LRS", "ZRS", "GRS", "GZRS"], var.replication)
    error_message = "replication must be LRS, ZRS, GRS or GZRS."
  }
}

variable "containers" {
  description = "Containers: the four layers, and the CSV service's inbox."
  type        = set(string)

  validation {
    condition     = length(setsubtract(["raw", "bronze", "silver", "gold"], var.containers)) == 0
    error_message = "containers must hold the four layers: raw, bronze, silver, gold."
  }
}

variable "public_network_access" {
  description = "Whether the account answers on its public address, to the subnets and addresses below only."
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

  # Azure wants single addresses bare, and refuses /31 and /32.
  validation {
    condition     = alltrue([for range in var.allowed_ip_ranges : can(cidrnetmask(strcontains(range, "/") ? range : "${range}/32")) && (strcontains(range, "/") ? tonumber(split("/", range)[1]) >= 8 && tonumber(split("/", range)[1]) <= 30 : true)])
    error_message = "allowed_ip_ranges must be IPv4 addresses, or ranges of /8 to /30; never 0.0.0.0/0."
  }
}

variable "allowed_resource_ids" {
  description = "Resources of this tenant let in by their identity: the access connector of Databricks."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "soft_delete_days" {
  description = "How long deleted files and containers can be had back."
  type        = number

  validation {
    condition     = var.soft_delete_days >= 1 && var.soft_delete_days <= 365
    error_message = "soft_delete_days must be 1 to 365."
  }
}

variable "lifecycle_rules" {
  description = "Per container: after how many days without a change files go to the cool and the cold tier; null for never. Archive is not offered: Spark cannot read it."
  type = map(object({
    cool_after_days = optional(number)
    cold_after_days = optional(number)
  }))
  default  = {}
  nullable = false

  # Terraform drops what the type does not name: a rule that was to delete has nothing left.
  validation {
    condition     = alltrue([for rule in values(var.lifecycle_rules) : rule.cool_after_days != null || rule.cold_after_days != null])
    error_message = "Each of lifecycle_rules needs cool_after_days or cold_after_days. No file is deleted by age: Delta's tables would lose rows, raw its watermark, and the inbox files that were never taken."
  }

  validation {
    condition     = alltrue([for rule in values(var.lifecycle_rules) : try(rule.cool_after_days < rule.cold_after_days, true)])
    error_message = "cool_after_days must be less than cold_after_days."
  }
}

variable "log_analytics_workspace_id" {
  description = "Where reads, writes and deletions are logged."
  type        = string
}

variable "tags" {
  description = "Tags of every resource made here."
  type        = map(string)
  default     = {}
}
