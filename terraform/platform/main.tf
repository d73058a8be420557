data "azurerm_client_config" "current" {}

module "naming" {
  source = "../modules/naming"

  project       = var.project
  environment   = var.environment
  region_code   = var.region_code
  unique_suffix = var.unique_suffix
}

locals {
  names = module.naming.names

  # Public addresses answer only where the runner is out there.
  public = var.runner_access == "public"

  tags = {
    project     = "customer-data-platform"
    environment = var.environment
    owner       = var.owner
    cost_center = var.cost_center
    managed_by  = "terraform"
    data_class  = "personal"
  }
}

module "resource_group" {
  source = "../modules/resource_group"

  name     = local.names.resource_group
  location = var.location
  locked   = var.locked
  tags     = local.tags
}

module "budget" {
  source = "../modules/budget"

  name              = local.names.budget
  resource_group_id = module.resource_group.id
  monthly_amount    = var.budget.monthly_amount
  contact_emails    = var.alert_emails
}
