# Subscription, tenant and identity come from ARM_SUBSCRIPTION_ID, ARM_TENANT_ID, ARM_CLIENT_ID and ARM_CLIENT_SECRET or
# ARM_USE_OIDC.
provider "azurerm" {
  storage_use_azuread             = true
  resource_provider_registrations = "none"
  resource_providers_to_register  = ["Microsoft.ManagedIdentity", "Microsoft.Storage"]

  features {
    storage {
      data_plane_available = false
    }
  }
}
