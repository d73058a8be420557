terraform {
  required_version = ">= 1.11"

  required_providers {
    databricks = {
      source  = "databricks/databricks"
      version = "~> 1.128"
    }
  }

  # As in the root platform, with a key of its own.
  backend "azurerm" {
    use_azuread_auth = true
  }
}
