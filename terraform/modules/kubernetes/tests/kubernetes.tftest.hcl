mock_provider "azurerm" {
  source = "../../tests/mocks"
}

variables {
  name                       = "aks-mock"
  resource_group_name        = "rg-mock"
  location                   = "brazilsouth"
  kubernetes_version         = "1.36"
  sku_tier                   = "Standard"
  nodes_subnet_id            = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-mock/providers/Microsoft.Network/virtualNetworks/vnet-mock/subnets/snet-nodes"
  control_plane_identity_id  = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-mock/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-cp"
  kubelet_identity           = { id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-mock/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-kubelet", client_id = "00000000-0000-0000-0000-000000000001", object_id = "00000000-0000-0000-0000-000000000002" }
  tenant_id                  = "00000000-0000-0000-0000-0000000000aa"
  admin_group_object_ids     = ["00000000-0000-0000-0000-000000000003"]
  system_pool                = { vm_size = "Standard_D2s_v5", min_count = 2, max_count = 3 }
  workload_pool              = { vm_size = "Standard_D4s_v5", min_count = 2, max_count = 6 }
  zones                      = ["1", "2", "3"]
  host_encryption            = true
  command_invoke             = false
  federated_service_accounts = { database = { identity_id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-mock/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-database", namespace = "ingestion", service_account = "database-ingestion" } }
  log_analytics_workspace_id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-mock/providers/Microsoft.OperationalInsights/workspaces/log-mock"
}

run "is_private_and_entra_only" {
  command = apply

  assert {
    condition     = azurerm_kubernetes_cluster.this.private_cluster_enabled && !azurerm_kubernetes_cluster.this.private_cluster_public_fqdn_enabled
    error_message = "The API server must be private."
  }

  assert {
    condition     = azurerm_kubernetes_cluster.this.local_account_disabled
    error_message = "Local accounts must be off."
  }

  assert {
    condition     = azurerm_kubernetes_cluster.this.azure_active_directory_role_based_access_control[0].azure_rbac_enabled
    error_message = "Rights must be Azure's roles."
  }

  assert {
    condition     = azurerm_kubernetes_cluster.this.workload_identity_enabled && azurerm_kubernetes_cluster.this.oidc_issuer_enabled
    error_message = "Pods must act as identities of Entra."
  }

  assert {
    condition     = azurerm_kubernetes_cluster.this.network_profile[0].network_data_plane == "cilium" && azurerm_kubernetes_cluster.this.network_profile[0].network_policy == "cilium"
    error_message = "Network policies must be Cilium's."
  }

  assert {
    condition     = azurerm_kubernetes_cluster.this.network_profile[0].outbound_type == "userAssignedNATGateway"
    error_message = "Pods must go out by the NAT gateway."
  }

  assert {
    condition     = azurerm_kubernetes_cluster.this.key_vault_secrets_provider[0].secret_rotation_enabled
    error_message = "Secrets must be rotated."
  }

  assert {
    condition     = azurerm_kubernetes_cluster.this.default_node_pool[0].auto_scaling_enabled && azurerm_kubernetes_cluster_node_pool.workload.auto_scaling_enabled
    error_message = "Pools must scale."
  }

  assert {
    condition     = !azurerm_kubernetes_cluster.this.run_command_enabled
    error_message = "Command invoke was not asked for."
  }

  assert {
    condition     = azurerm_federated_identity_credential.this["database"].subject == "system:serviceaccount:ingestion:database-ingestion"
    error_message = "The wrong service account."
  }

}

run "lets_command_invoke" {
  command = apply

  variables {
    command_invoke = true
  }

  assert {
    condition     = azurerm_kubernetes_cluster.this.run_command_enabled
    error_message = "Command invoke was asked for."
  }

}

run "refuses_a_patch_version" {
  command = plan

  variables {
    kubernetes_version = "1.36.1"
  }

  expect_failures = [var.kubernetes_version]
}

run "refuses_another_tier" {
  command = plan

  variables {
    sku_tier = "Premium"
  }

  expect_failures = [var.sku_tier]
}

run "refuses_no_admins" {
  command = plan

  variables {
    admin_group_object_ids = []
  }

  expect_failures = [var.admin_group_object_ids]
}

run "refuses_an_empty_system_pool" {
  command = plan

  variables {
    system_pool = { vm_size = "x", min_count = 0, max_count = 3 }
  }

  expect_failures = [var.system_pool]
}

run "refuses_a_pool_of_less_than_least" {
  command = plan

  variables {
    workload_pool = { vm_size = "x", min_count = 3, max_count = 2 }
  }

  expect_failures = [var.workload_pool]
}

run "refuses_a_bad_range" {
  command = plan

  variables {
    network = { pod_cidr = "10.0.0.0", service_cidr = "x", dns_service_ip = "10.0.0.1" }
  }

  expect_failures = [var.network]
}
