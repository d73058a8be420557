# Private: the API server has no public address, and neither has its name a public record. The System zone saves a
# right to change DNS zones.
# Who may enter: Entra users and groups by Azure roles; no local certificate.
# Pods act as identities of Entra by federation; no secret is stored.
# Ignored are the autoscaler's number of nodes and the patch channel's version.
resource "azurerm_kubernetes_cluster" "this" {
  name                = var.name
  resource_group_name = var.resource_group_name
  location            = var.location
  kubernetes_version  = var.kubernetes_version
  sku_tier            = var.sku_tier
  node_resource_group = "${var.resource_group_name}-nodes"
  tags                = var.tags

  private_cluster_enabled             = true
  private_cluster_public_fqdn_enabled = false
  private_dns_zone_id                 = "System"
  dns_prefix                          = var.name
  run_command_enabled                 = var.command_invoke

  local_account_disabled            = true
  role_based_access_control_enabled = true
  azure_policy_enabled              = true

  oidc_issuer_enabled       = true
  workload_identity_enabled = true

  image_cleaner_enabled        = true
  image_cleaner_interval_hours = 48
  automatic_upgrade_channel    = "patch"
  node_os_upgrade_channel      = "NodeImage"
  cost_analysis_enabled        = var.sku_tier == "Standard"

  default_node_pool {
    name                         = "system"
    vm_size                      = var.system_pool.vm_size
    vnet_subnet_id               = var.nodes_subnet_id
    auto_scaling_enabled         = true
    min_count                    = var.system_pool.min_count
    max_count                    = var.system_pool.max_count
    max_pods                     = 110
    only_critical_addons_enabled = true
    os_sku                       = "AzureLinux"
    os_disk_type                 = "Managed"
    os_disk_size_gb              = 128
    host_encryption_enabled      = var.host_encryption
    node_public_ip_enabled       = false
    zones                        = var.zones
    temporary_name_for_rotation  = "systemtmp"

    upgrade_settings {
      max_surge                     = "33%"
      drain_timeout_in_minutes      = 30
      node_soak_duration_in_minutes = 0
    }
  }

  node_provisioning_profile {
    mode = "Manual"
  }

  identity {
    type         = "UserAssigned"
    identity_ids = [var.control_plane_identity_id]
  }

  kubelet_identity {
    user_assigned_identity_id = var.kubelet_identity.id
    client_id                 = var.kubelet_identity.client_id
    object_id                 = var.kubelet_identity.object_id
  }

  azure_active_directory_role_based_access_control {
    azure_rbac_enabled     = true
    tenant_id              = var.tenant_id
    admin_group_object_ids = var.admin_group_object_ids
  }

  network_profile {
    network_plugin      = "azure"
    network_plugin_mode = "overlay"
    network_data_plane  = "cilium"
    network_policy      = "cilium"
    outbound_type       = "userAssignedNATGateway"
    pod_cidr            = var.network.pod_cidr
    service_cidr        = var.network.service_cidr
    dns_service_ip      = var.network.dns_service_ip
  }

  key_vault_secrets_provider {
    secret_rotation_enabled  = true
    secret_rotation_interval = "2m"
  }

  oms_agent {
    log_analytics_workspace_id      = var.log_analytics_workspace_id
    msi_auth_for_monitoring_enabled = true
  }

  monitor_metrics {}

  maintenance_window_auto_upgrade {
    frequency   = "Weekly"
    interval    = 1
    duration    = 4
    day_of_week = "Sunday"
    start_time  = "02:00"
    utc_offset  = "-03:00"
  }

  maintenance_window_node_os {
    frequency   = "Weekly"
    interval    = 1
    duration    = 4
    day_of_week = "Saturday"
    start_time  = "02:00"
    utc_offset  = "-03:00"
  }

  lifecycle {
    ignore_changes = [default_node_pool[0].node_count, default_node_pool[0].orchestrator_version]
  }
}

resource "azurerm_kubernetes_cluster_node_pool" "workload" {
  name                        = "workload"
  kubernetes_cluster_id       = azurerm_kubernetes_cluster.this.id
  mode                        = "User"
  vm_size                     = var.workload_pool.vm_size
  vnet_subnet_id              = var.nodes_subnet_id
  auto_scaling_enabled        = true
  min_count                   = var.workload_pool.min_count
  max_count                   = var.workload_pool.max_count
  max_pods                    = 110
  os_sku                      = "AzureLinux"
  os_disk_size_gb             = 128
  host_encryption_enabled     = var.host_encryption
  node_public_ip_enabled      = false
  zones                       = var.zones
  temporary_name_for_rotation = "workloadtmp"
  tags                        = var.tags

  upgrade_settings {
    max_surge                     = "33%"
    drain_timeout_in_minutes      = 30
    node_soak_duration_in_minutes = 0
  }

  lifecycle {
    ignore_changes = [node_count, orchestrator_version]
  }
}

# One per service account: Entra knows no wildcards here.
resource "azurerm_federated_identity_credential" "this" {
  for_each = var.federated_service_accounts

  name                      = "${var.name}-${each.key}"
  user_assigned_identity_id = each.value.identity_id
  issuer                    = azurerm_kubernetes_cluster.this.oidc_issuer_url
  subject                   = "system:serviceaccount:${each.value.namespace}:${each.value.service_account}"
  audience                  = ["api://AzureADTokenExchange"]
}

# kube-audit itself would be most of the bill; kube-audit-admin leaves out what only reads.
resource "azurerm_monitor_diagnostic_setting" "this" {
  name                           = "to-log-analytics"
  target_resource_id             = azurerm_kubernetes_cluster.this.id
  log_analytics_workspace_id     = var.log_analytics_workspace_id
  log_analytics_destination_type = "Dedicated"

  dynamic "enabled_log" {
    for_each = ["cluster-autoscaler", "guard", "kube-apiserver", "kube-audit-admin", "kube-controller-manager"]

    content {
      category = enabled_log.value
    }
  }
}
