# Output `backend` of terraform/bootstrap; a key per root is given on the command line.
resource_group_name  = "rg-cdp-dev-brs-bootstrap"
storage_account_name = "sttfcdpdevbrsx7k2"
container_name       = "tfstate"
