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

variable "runner_access" {
  description = "From where this environment is deployed: `public`, by a runner on the internet, or `self_hosted`, by one within the virtual network. With `self_hosted` nothing that holds data answers on a public address."
  type        = string

  validation {
    condition     = contains(["public", "self_hosted"], var.runner_access)
    error_message = "runner_access must be public or self_hosted."
  }

  validation {
    condition     = var.environment != "prod" || var.runner_access == "self_hosted"
    error_message = "prod must not answer on public addresses: set runner_access to self_hosted."
  }
}

variable "runner_ip_ranges" {
  description = "Public addresses of the runner, let in to key vaults while it works. The workflow passes its own."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = length(var.runner_ip_ranges) == 0 || var.runner_access == "public"
    error_message = "runner_ip_ranges has no effect with runner_access = self_hosted: leave it empty."
  }
}

variable "sender_ip_ranges" {
  description = "Public addresses that senders of CSV files come from. The firewall is the account's: they reach the address of every container, and their role that of the inbox alone. Azure does not heed them for machines of its own in the same region."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = length(var.sender_ip_ranges) == 0 || var.runner_access == "public"
    error_message = "With runner_access = self_hosted the lake has no public address: leave sender_ip_ranges empty, and see sender_networks."
  }
}

variable "sender_networks" {
  description = "Private ranges that senders of CSV files come from, by a peering or VPN that is not made here: let in to the private endpoints, port 443. Without private endpoints it has no effect."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "private_endpoints" {
  description = "Whether lake, vaults, registry and workspace have private endpoints; else the subnets are let in by service endpoint."
  type        = bool

  validation {
    condition     = var.private_endpoints || var.runner_access == "public"
    error_message = "With runner_access = self_hosted nothing answers on a public address, so private_endpoints must be true."
  }
}

variable "locked" {
  description = "Whether nothing in the resource group may be deleted."
  type        = bool

  validation {
    condition     = var.environment != "prod" || var.locked
    error_message = "prod must be locked."
  }
}

variable "address_space" {
  description = "Address space of the virtual network, /20 or larger; a different one in each environment."
  type        = string
}

variable "zones" {
  description = "Availability zones of nodes; empty for none. The NAT gateway stands in the first."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for zone in var.zones : contains(["1", "2", "3"], zone)])
    error_message = "zones are 1, 2 and 3."
  }
}

variable "kubernetes" {
  description = "The cluster: see modules/kubernetes."
  type = object({
    version         = string
    sku_tier        = string
    host_encryption = bool
    system_pool     = object({ vm_size = string, min_count = number, max_count = number })
    workload_pool   = object({ vm_size = string, min_count = number, max_count = number })
  })

  validation {
    condition     = var.environment != "prod" || (var.kubernetes.sku_tier == "Standard" && var.kubernetes.system_pool.min_count >= 2 && var.kubernetes.workload_pool.min_count >= 2)
    error_message = "prod needs the Standard tier and two nodes at least in each pool."
  }
}

variable "service_accounts" {
  description = "Kubernetes namespace and service account of each ingestion service."
  type = map(object({
    namespace       = string
    service_account = string
  }))
  default = {
    database = { namespace = "ingestion", service_account = "database-ingestion" }
    api      = { namespace = "ingestion", service_account = "api-ingestion" }
    csv      = { namespace = "ingestion", service_account = "csv-ingestion" }
  }
  nullable = false

  validation {
    condition     = length(setsubtract(keys(var.service_accounts), ["database", "api", "csv"])) == 0 && length(distinct([for account in values(var.service_accounts) : account.namespace])) == 1
    error_message = "service_accounts: the services are database, api and csv, all in one namespace."
  }
}

variable "registry" {
  description = "The registry of images: see modules/container_registry."
  type = object({
    sku                     = string
    zone_redundant          = optional(bool, false)
    untagged_retention_days = optional(number)
  })
}

variable "storage" {
  description = "The lake: see modules/storage."
  type = object({
    replication      = string
    soft_delete_days = number
    lifecycle_rules = map(object({
      cool_after_days = optional(number)
      cold_after_days = optional(number)
    }))
  })

  validation {
    condition     = var.environment != "prod" || var.storage.replication != "LRS"
    error_message = "prod must survive the loss of a data centre: storage.replication must be ZRS."
  }

  validation {
    condition     = contains(["LRS", "ZRS"], var.storage.replication) || var.transfer_abroad_approved
    error_message = "storage.replication would copy clear personal data to the region's pair, for brazilsouth in the United States: use LRS or ZRS, or see docs/privacy.md and set transfer_abroad_approved."
  }
}

variable "transfer_abroad_approved" {
  description = "Whether whoever answers for privacy has approved that data is copied to the region's pair, which may be abroad (LGPD art. 33): GRS and GZRS. See docs/privacy.md."
  type        = bool
  default     = false
  nullable    = false
}

variable "databricks" {
  description = "The workspace: redundancy of its own storage account."
  type = object({
    managed_storage_sku = string
  })

  # Results of queries are kept there.
  validation {
    condition     = contains(["Standard_LRS", "Standard_ZRS"], var.databricks.managed_storage_sku) || var.transfer_abroad_approved
    error_message = "databricks.managed_storage_sku would copy data to the region's pair: use Standard_LRS or Standard_ZRS, or see docs/privacy.md and set transfer_abroad_approved."
  }
}

variable "key_vault" {
  description = "The vaults: see modules/key_vault."
  type = object({
    soft_delete_days = number
    purge_protection = bool
  })

  validation {
    condition     = var.environment != "prod" || var.key_vault.purge_protection
    error_message = "prod needs purge protection: with the token key all links between rows would be lost."
  }
}

variable "monitoring" {
  description = "Logs, alerts and Grafana: see modules/monitoring and modules/alerts."
  type = object({
    retention_days = number
    daily_quota_gb = number
    grafana        = optional(object({ major_version = string, zone_redundant = optional(bool, false) }))
    thresholds = object({
      no_ingestion_hours  = number
      ingestion_scheduled = bool
      failed_run_share    = number
      rejected_row_share  = number
      job_minutes         = number
      job_scheduled       = bool
    })
  })
}

variable "alert_emails" {
  description = "Who hears of alerts and of the budget."
  type        = list(string)
}

variable "budget" {
  description = "Amount a month in the currency of the bill."
  type = object({
    monthly_amount = number
  })
}
