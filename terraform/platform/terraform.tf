terraform {
  required_version = ">= 1.11"

  required_providers {
    azurerm = {
      source  = "hashicorp/azurerm"
      version = "~> 5.2"
    }
  }

  # Which account, container and key: environments/<env>/backend.hcl, and -backend-config on the command line.
  backend "azurerm" {
    use_azuread_auth = true
  }
}
