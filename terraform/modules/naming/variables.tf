variable "project" {
  description = "Short name of the project; the first part of each name."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{1,5}$", var.project))
    error_message = "project must be 2 to 6 lower-case letters and digits, a letter first: storage accounts and key vaults have 24 characters in all."
  }
}

variable "environment" {
  description = "dev, pre or prod."
  type        = string

  validation {
    condition     = contains(["dev", "pre", "prod"], var.environment)
    error_message = "environment must be dev, pre or prod."
  }
}

variable "region_code" {
  description = "Short name of the Azure region, such as brs for Brazil South."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9]{2,4}$", var.region_code))
    error_message = "region_code must be 2 to 4 lower-case letters and digits, such as brs."
  }
}

variable "unique_suffix" {
  description = "Makes names that must be unique in all of Azure so (storage account, key vault, registry)."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9]{3,5}$", var.unique_suffix))
    error_message = "unique_suffix must be 3 to 5 lower-case letters and digits; take any that nobody else has."
  }
}
