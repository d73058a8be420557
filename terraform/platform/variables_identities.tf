variable "identities" {
  description = "Resource ids of the user-assigned identities, which exist already: database, api, csv, job, control_plane, kubelet. terraform/bootstrap makes them if asked."
  type        = map(string)
  nullable    = false

  validation {
    condition     = toset(keys(var.identities)) == toset(["database", "api", "csv", "job", "control_plane", "kubelet"])
    error_message = "identities must name exactly: database, api, csv, job, control_plane, kubelet."
  }

  validation {
    condition     = alltrue([for id in values(var.identities) : can(regex("^/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft.ManagedIdentity/userAssignedIdentities/[^/]+$", id))])
    error_message = "Each of identities must be the resource id of a user-assigned identity."
  }

  validation {
    condition     = length(distinct(values(var.identities))) == length(var.identities)
    error_message = "identities must be six different ones: one that is shared has the rights of both."
  }
}

variable "groups" {
  description = "Object ids of the Entra groups: platform_admins, operators, data_engineers, analysts; and inbox_senders where CSV files are delivered to the lake's inbox."
  type        = map(string)
  nullable    = false

  validation {
    condition     = setsubtract(keys(var.groups), ["inbox_senders"]) == toset(["platform_admins", "operators", "data_engineers", "analysts"])
    error_message = "groups must name exactly: platform_admins, operators, data_engineers, analysts; and inbox_senders if there is one."
  }

  validation {
    condition     = alltrue([for id in values(var.groups) : can(regex("^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$", id))])
    error_message = "Each of groups must be the object id (a UUID) of an Entra group."
  }
}

variable "databricks_app_object_id" {
  description = "Object id, in this tenant, of Microsoft's application AzureDatabricks (application id 2ff814a6-3304-4ab8-85cd-cd0e6f879c1d): az ad sp show --id 2ff814a6-3304-4ab8-85cd-cd0e6f879c1d --query id."
  type        = string

  validation {
    condition     = can(regex("^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$", var.databricks_app_object_id))
    error_message = "databricks_app_object_id must be an object id (a UUID)."
  }
}

variable "secret_settings" {
  description = "Which secrets to write: their version, to be raised for each new value, and the day they expire. The values are in secret_values."
  type = map(object({
    version = number
    expires = string
  }))
  default  = {}
  nullable = false

  validation {
    condition     = length(setsubtract(keys(var.secret_settings), ["database-ingestion-database-url", "database-ingestion-service-token", "api-ingestion-api-key", "api-ingestion-api-client-secret", "api-ingestion-service-token", "csv-ingestion-service-token", "token-key"])) == 0
    error_message = "secret_settings: the secrets are database-ingestion-database-url, database-ingestion-service-token, api-ingestion-api-key, api-ingestion-api-client-secret, api-ingestion-service-token, csv-ingestion-service-token, token-key."
  }

  validation {
    condition     = alltrue([for secret in values(var.secret_settings) : can(formatdate("YYYY", secret.expires)) && secret.version >= 1])
    error_message = "secret_settings: version must be 1 or more, and expires a moment such as 2027-12-31T00:00:00Z."
  }
}

variable "secret_values" {
  description = "Values of those secrets. Neither plan nor state holds them (ephemeral, write-only)."
  type        = map(string)
  default     = {}
  nullable    = false
  sensitive   = true
  ephemeral   = true
}

variable "telemetry_secret_expires" {
  description = "When the secret expires that holds Application Insights' connection string; after its renewal give a later day."
  type        = string
}
