variable "name" {
  description = "Name of the cluster."
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

variable "kubernetes_version" {
  description = "Minor version, such as 1.36; patches come by themselves."
  type        = string

  validation {
    condition     = can(regex("^1\\.[0-9]{2}$", var.kubernetes_version))
    error_message = "kubernetes_version must be a minor version, such as 1.36."
  }
}

variable "sku_tier" {
  description = "Free, or Standard for an availability agreement."
  type        = string

  validation {
    condition     = contains(["Free", "Standard"], var.sku_tier)
    error_message = "sku_tier must be Free or Standard."
  }
}

variable "nodes_subnet_id" {
  description = "Subnet of the nodes; its way out is a NAT gateway."
  type        = string
}

variable "control_plane_identity_id" {
  description = "User-assigned identity of the control plane. It needs Network Contributor on the subnet and Managed Identity Operator on the kubelet's identity."
  type        = string
}

variable "kubelet_identity" {
  description = "User-assigned identity of the nodes, which pulls images."
  type = object({
    id        = string
    client_id = string
    object_id = string
  })
}

variable "tenant_id" {
  description = "Entra tenant that people sign in to."
  type        = string
}

variable "admin_group_object_ids" {
  description = "Entra groups that administer the cluster."
  type        = list(string)

  validation {
    condition     = length(var.admin_group_object_ids) > 0
    error_message = "Local accounts are off, so without an administrators' group nobody could enter the cluster: name one."
  }
}

variable "system_pool" {
  description = "Nodes of the system's own pods."
  type = object({
    vm_size   = string
    min_count = number
    max_count = number
  })

  # `az aks command invoke` starts a pod, which must be scheduled within 60 s.
  validation {
    condition     = var.system_pool.min_count >= 1 && var.system_pool.max_count >= var.system_pool.min_count
    error_message = "system_pool needs min_count of at least 1, and max_count not below it: command invoke has to find a node at once."
  }
}

variable "workload_pool" {
  description = "Nodes of the services."
  type = object({
    vm_size   = string
    min_count = number
    max_count = number
  })

  validation {
    condition     = var.workload_pool.min_count >= 1 && var.workload_pool.max_count >= var.workload_pool.min_count
    error_message = "workload_pool needs min_count of at least 1, and max_count not below it."
  }
}

variable "zones" {
  description = "Availability zones of the nodes; empty for none."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "host_encryption" {
  description = "Whether nodes' caches and temporary disks are encrypted too. The subscription must have registered the feature Microsoft.Compute/EncryptionAtHost."
  type        = bool
}

variable "network" {
  description = "Ranges of the overlay; they must overlap neither the virtual network nor what pods call."
  type = object({
    pod_cidr       = string
    service_cidr   = string
    dns_service_ip = string
  })
  default = {
    pod_cidr       = "100.64.0.0/16"
    service_cidr   = "100.65.0.0/20"
    dns_service_ip = "100.65.0.10"
  }

  validation {
    condition     = alltrue([can(cidrnetmask(var.network.pod_cidr)), can(cidrnetmask(var.network.service_cidr)), can(cidrnetmask("${var.network.dns_service_ip}/32"))])
    error_message = "network: pod_cidr and service_cidr must be IPv4 ranges, dns_service_ip an address within service_cidr."
  }
}

variable "command_invoke" {
  description = "Whether `az aks command invoke` may be used; false where a runner stands in the network."
  type        = bool
}

variable "federated_service_accounts" {
  description = "Per service: its user-assigned identity and the Kubernetes service account that may act as it."
  type = map(object({
    identity_id     = string
    namespace       = string
    service_account = string
  }))
  default  = {}
  nullable = false
}

variable "log_analytics_workspace_id" {
  description = "Where the control plane's log and the pods' output go."
  type        = string
}

variable "tags" {
  description = "Tags of every resource made here."
  type        = map(string)
  default     = {}
}
