terraform {
  required_version = ">= 1.11"

  required_providers {
    azurerm = {
      source  = "hashicorp/azurerm"
      version = "~> 5.2"
    }
  }

  # No backend: this root makes the account that the others' states are in. Its own state is a file, of which
  # make state-snapshot keeps an encrypted copy; nothing in it is secret, and lost it can be imported again.
}
