variable "name" {
  description = "Name of the workspace."
  type        = string
}

variable "access_connector_name" {
  description = "Name of the access connector, by which Unity Catalog reaches the lake."
  type        = string
}

variable "resource_group_name" {
  description = "Resource group."
  type        = string
}

variable "location" {
  description = "Azure region."
  type        = string
}

variable "job_identity_id" {
  description = "User-assigned identity that the access connector acts as: the job's."
  type        = string

  validation {
    condition     = can(regex("/providers/Microsoft.ManagedIdentity/userAssignedIdentities/[^/]+$", var.job_identity_id))
    error_message = "job_identity_id must be the resource id of a user-assigned identity."
  }
}

variable "network" {
  description = "Where the clusters stand: the virtual network, the names of the two delegated subnets, and their security groups' associations."
  type = object({
    virtual_network_id            = string
    public_subnet_name            = string
    private_subnet_name           = string
    public_subnet_association_id  = string
    private_subnet_association_id = string
  })
}

variable "public_network_access" {
  description = "Whether the workspace's own pages and API answer on the internet (with Entra sign-in all the same)."
  type        = bool
}

variable "managed_storage_sku" {
  description = "Redundancy of the workspace's own storage account, such as Standard_LRS or Standard_ZRS."
  type        = string

  validation {
    condition     = contains(["Standard_LRS", "Standard_ZRS", "Standard_GRS", "Standard_GZRS"], var.managed_storage_sku)
    error_message = "managed_storage_sku must be Standard_LRS, Standard_ZRS, Standard_GRS or Standard_GZRS."
  }
}

variable "log_analytics_workspace_id" {
  description = "Where the audit logs and the runs of jobs go."
  type        = string
}

variable "tags" {
  description = "Tags of every resource made here."
  type        = map(string)
  default     = {}
}
