variable "names" {
  description = "Names of the resources made here, from the naming module."
  type = object({
    action_group            = string
    application_insights    = string
    grafana                 = string
    log_analytics_workspace = string
    monitor_workspace       = string
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

variable "retention_days" {
  description = "How long logs are kept. 31 days are free of charge."
  type        = number

  validation {
    condition     = var.retention_days >= 30 && var.retention_days <= 730
    error_message = "retention_days must be 30 to 730."
  }
}

variable "daily_quota_gb" {
  description = "Most that is taken in a day, a brake on the bill; -1 for no limit. Past it, alerts on logs are blind until midnight UTC."
  type        = number

  validation {
    condition     = var.daily_quota_gb == -1 || var.daily_quota_gb >= 1
    error_message = "daily_quota_gb must be at least 1, or -1 for no limit."
  }
}

variable "alert_emails" {
  description = "Who hears of alerts."
  type        = list(string)

  validation {
    condition     = length(var.alert_emails) > 0 && alltrue([for address in var.alert_emails : can(regex("^[^@ ]+@[^@ ]+\\.[^@ ]+$", address))])
    error_message = "alert_emails needs at least one e-mail address: an alert that nobody hears is none."
  }
}

variable "grafana" {
  description = "Managed Grafana: major version, whether its pages answer on the internet (with Entra sign-in), and whether it stands in all zones. Null for none."
  type = object({
    major_version         = string
    public_network_access = bool
    zone_redundant        = bool
  })
  default = null
}

variable "tags" {
  description = "Tags of every resource made here."
  type        = map(string)
  default     = {}
}
