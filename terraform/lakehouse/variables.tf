variable "environment" {
  description = "dev, pre or prod: also the name of the catalog, as the bundle's targets have it."
  type        = string

  validation {
    condition     = contains(["dev", "pre", "prod"], var.environment)
    error_message = "environment must be dev, pre or prod."
  }
}

variable "workspace_url" {
  description = "Address of the workspace. Output `lakehouse` of the root platform, as all up to key_vault_uri."
  type        = string

  validation {
    condition     = startswith(var.workspace_url, "https://")
    error_message = "workspace_url must begin with https://."
  }
}

variable "workspace_resource_id" {
  description = "Resource id of the workspace."
  type        = string

  validation {
    condition     = can(regex("^/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft.Databricks/workspaces/[^/]+$", var.workspace_resource_id))
    error_message = "workspace_resource_id must be the resource id of a Databricks workspace."
  }
}

variable "access_connector_id" {
  description = "Resource id of the access connector."
  type        = string

  validation {
    condition     = can(regex("/providers/Microsoft.Databricks/accessConnectors/[^/]+$", var.access_connector_id))
    error_message = "access_connector_id must be the resource id of an access connector."
  }
}

variable "storage_dfs_host" {
  description = "Host of the lake's Data Lake endpoint."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9]{3,24}\\.dfs\\.core\\.windows\\.net$", var.storage_dfs_host))
    error_message = "storage_dfs_host must be <account>.dfs.core.windows.net."
  }
}

variable "job_identity_id" {
  description = "Resource id of the job's user-assigned identity, which the access connector acts as."
  type        = string
}

variable "job_identity_client_id" {
  description = "Client id of the same identity: the service principal that the job runs as."
  type        = string

  validation {
    condition     = can(regex("^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$", var.job_identity_client_id))
    error_message = "job_identity_client_id must be a client id (a UUID)."
  }
}

variable "key_vault_id" {
  description = "Resource id of the vault with the token key."
  type        = string
}

variable "key_vault_uri" {
  description = "Address of the vault with the token key."
  type        = string
}

variable "databricks_account_id" {
  description = "Id of the Databricks account: in the account console, the menu at one's name."
  type        = string

  validation {
    condition     = can(regex("^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$", var.databricks_account_id))
    error_message = "databricks_account_id must be an account id (a UUID)."
  }
}

variable "group_names" {
  description = "Names of the Entra groups as Databricks knows them: operators, data_engineers, analysts."
  type        = map(string)
  nullable    = false

  validation {
    condition     = toset(keys(var.group_names)) == toset(["operators", "data_engineers", "analysts"])
    error_message = "group_names must name exactly: operators, data_engineers, analysts."
  }
}

variable "cluster" {
  description = "What the job's clusters may be: node types, the first being the default, and most workers."
  type = object({
    node_types  = list(string)
    max_workers = number
  })

  validation {
    condition     = length(var.cluster.node_types) > 0 && var.cluster.max_workers >= 1 && var.cluster.max_workers <= 32
    error_message = "cluster needs at least one node type, and max_workers of 1 to 32."
  }
}

variable "skip_storage_validation" {
  description = "Whether Databricks' control plane is not to try the lake when locations are made: it cannot reach one without a public address."
  type        = bool
}
