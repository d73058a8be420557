# Output `backend` of terraform/bootstrap; a key per root is given on the command line.
resource_group_name  = "rg-cdp-prod-brs-bootstrap"
storage_account_name = "sttfcdpprodbrsx7k2"
container_name       = "tfstate"
