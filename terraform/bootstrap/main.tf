# The account of the states. Its address is public, since a runner on the internet has to reach the state before it can
# make any network: Entra sign-in alone opens it, keys are off, and each version is kept.
data "azurerm_client_config" "current" {}

module "naming" {
  source = "../modules/naming"

  project       = var.project
  environment   = var.environment
  region_code   = var.region_code
  unique_suffix = var.unique_suffix
}

locals {
  tags = {
    project     = "customer-data-platform"
    environment = var.environment
    owner       = var.owner
    cost_center = var.cost_center
    managed_by  = "terraform"
  }

  identities = ["database", "api", "csv", "job", "control-plane", "kubelet"]
}

module "resource_group" {
  source = "../modules/resource_group"

  name     = "${module.naming.names.resource_group}-bootstrap"
  location = var.location
  tags     = local.tags
}

resource "azurerm_storage_account" "state" {
  name                     = module.naming.names.state_storage_account
  resource_group_name      = module.resource_group.name
  location                 = var.location
  account_kind             = "StorageV2"
  account_tier             = "Standard"
  account_replication_type = var.state_replication
  tags                     = local.tags

  shared_access_key_enabled         = false
  default_to_oauth_authentication   = true
  local_user_enabled                = false
  allow_nested_items_to_be_public   = false
  cross_tenant_replication_enabled  = false
  allowed_copy_scope                = "AAD"
  min_tls_version                   = "TLS1_2"
  https_traffic_only_enabled        = true
  infrastructure_encryption_enabled = true
  public_network_access_enabled     = true

  blob_properties {
    versioning_enabled  = true
    change_feed_enabled = true

    delete_retention_policy {
      days = var.soft_delete_days
    }

    container_delete_retention_policy {
      days = var.soft_delete_days
    }
  }
}

resource "azurerm_storage_container" "state" {
  name                  = "tfstate"
  storage_account_id    = azurerm_storage_account.state.id
  container_access_type = "private"
}

# Contributor alone does not reach blobs.
module "access" {
  source = "../modules/access"

  grants = {
    deployer = {
      principal = "deployer"
      scope     = "container/tfstate"
      role      = "Storage Blob Data Contributor"
      why       = "reads and writes the states"
    }
  }
  principals = { deployer = { object_id = data.azurerm_client_config.current.object_id, type = "ServicePrincipal" } }
  scopes     = { "container/tfstate" = azurerm_storage_container.state.id }
}

# On the account, and not on its group: the identities are in that, too, and a lock is inherited. What the platform
# gives them, federated credentials and a role assignment, could be made under one and never be deleted.
resource "azurerm_management_lock" "state" {
  name       = "cannot-delete"
  scope      = azurerm_storage_account.state.id
  lock_level = "CanNotDelete"
  notes      = "The states of all roots. Remove it only where bootstrap itself is to be destroyed."

  # So that a destroy takes it off first: under it the role on the container could not be taken away.
  depends_on = [module.access]
}

resource "azurerm_user_assigned_identity" "this" {
  for_each = toset(var.create_identities ? local.identities : [])

  name                = "id-${each.key}-${module.naming.dashed}"
  resource_group_name = module.resource_group.name
  location            = var.location
  tags                = local.tags
}
