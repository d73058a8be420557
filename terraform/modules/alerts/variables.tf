variable "names" {
  description = "Names of the data collection endpoint and rule, and how alerts' names end."
  type = object({
    dashed                   = string
    data_collection_endpoint = string
    data_collection_rule     = string
  })
}

variable "resource_group_name" {
  description = "Resource group."
  type        = string
}

variable "location" {
  description = "Azure region."
  type        = string
}

variable "action_group_id" {
  description = "Who is told."
  type        = string

  validation {
    condition     = can(regex("/providers/Microsoft.Insights/actionGroups/[^/]+$", var.action_group_id))
    error_message = "action_group_id must be the resource id of an action group."
  }
}

variable "log_analytics_workspace_id" {
  description = "Where the logs are that alerts ask."
  type        = string
}

variable "monitor_workspace_id" {
  description = "Where Prometheus' metrics are."
  type        = string
}

variable "cluster" {
  description = "The cluster whose pods and nodes are watched."
  type = object({
    id   = string
    name = string
  })
}

variable "namespace" {
  description = "Kubernetes namespace of the ingestion services."
  type        = string
}

variable "sources" {
  description = "Sources that are expected to be ingested, one per service."
  type        = set(string)

  validation {
    condition     = length(var.sources) > 0
    error_message = "sources must name at least one source."
  }
}

variable "storage_account_id" {
  description = "The lake."
  type        = string
}

variable "key_vault_ids" {
  description = "Key vaults, by purpose."
  type        = map(string)
}

variable "thresholds" {
  description = "When to tell: hours without a successful ingestion, share of failed runs, share of rows set aside, minutes that a run of the job may take, and whether the services and the job run by a schedule, so that their absence is a fault."
  type = object({
    no_ingestion_hours  = number
    ingestion_scheduled = bool
    failed_run_share    = number
    rejected_row_share  = number
    job_minutes         = number
    job_scheduled       = bool
  })

  validation {
    condition     = var.thresholds.no_ingestion_hours >= 1 && var.thresholds.no_ingestion_hours <= 48 && floor(var.thresholds.no_ingestion_hours) == var.thresholds.no_ingestion_hours
    error_message = "thresholds.no_ingestion_hours must be a whole number from 1 to 48: Azure's alerts look back two days at most."
  }

  validation {
    condition     = alltrue([for share in [var.thresholds.failed_run_share, var.thresholds.rejected_row_share] : share > 0 && share < 1])
    error_message = "thresholds.failed_run_share and rejected_row_share must lie between 0 and 1."
  }

  validation {
    condition     = var.thresholds.job_minutes >= 10 && var.thresholds.job_minutes <= 1440
    error_message = "thresholds.job_minutes must be 10 to 1440."
  }
}

variable "tags" {
  description = "Tags of every resource made here."
  type        = map(string)
  default     = {}
}
