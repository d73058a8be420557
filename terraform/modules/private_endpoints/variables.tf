variable "resource_group_name" {
  description = "Resource group."
  type        = string
}

variable "location" {
  description = "Azure region."
  type        = string
}

variable "name_suffix" {
  description = "Ends each endpoint's name, such as cdp-prod-brs."
  type        = string
}

variable "virtual_network_id" {
  description = "The network whose machines resolve the private names."
  type        = string

  validation {
    condition     = can(regex("^/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft.Network/virtualNetworks/[^/]+$", var.virtual_network_id))
    error_message = "virtual_network_id must be the resource id of a virtual network."
  }
}

variable "subnet_id" {
  description = "The subnet that the endpoints stand in."
  type        = string

  validation {
    condition     = can(regex("/virtualNetworks/[^/]+/subnets/[^/]+$", var.subnet_id))
    error_message = "subnet_id must be the resource id of a subnet."
  }
}

variable "endpoints" {
  description = "What gets an endpoint: the resource, its one subresource (blob, dfs, vault, registry, databricks_ui_api, browser_authentication, grafana) and the private DNS zone of it."
  type = map(object({
    resource_id = string
    subresource = string
    zone        = string
  }))
  default  = {}
  nullable = false

  validation {
    condition = alltrue([
      for endpoint in values(var.endpoints) : lookup({
        blob                   = "privatelink.blob.core.windows.net"
        dfs                    = "privatelink.dfs.core.windows.net"
        vault                  = "privatelink.vaultcore.azure.net"
        registry               = "privatelink.azurecr.io"
        databricks_ui_api      = "privatelink.azuredatabricks.net"
        browser_authentication = "privatelink.azuredatabricks.net"
        grafana                = "privatelink.grafana.azure.com"
      }, endpoint.subresource, "") == endpoint.zone
    ])
    error_message = "Each endpoint's zone must be the one that Azure resolves its subresource in, such as privatelink.dfs.core.windows.net for dfs."
  }
}

variable "tags" {
  description = "Tags of every resource made here."
  type        = map(string)
  default     = {}
}
