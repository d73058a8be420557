# What prod refuses. Run with prod's tfvars only.
mock_provider "azurerm" {
  source = "../tests/mocks"
}

run "refuses_prod_on_public_addresses" {
  command = plan

  variables {
    runner_access = "public"
  }

  expect_failures = [var.runner_access]
}

run "refuses_prod_unlocked" {
  command = plan

  variables {
    locked = false
  }

  expect_failures = [var.locked]
}

run "refuses_prod_in_one_data_centre" {
  command = plan

  variables {
    storage = { replication = "LRS", soft_delete_days = 30, lifecycle_rules = {} }
  }

  expect_failures = [var.storage]
}

run "refuses_prod_without_purge_protection" {
  command = plan

  variables {
    key_vault = { soft_delete_days = 90, purge_protection = false }
  }

  expect_failures = [var.key_vault]
}

run "refuses_prod_on_the_free_tier" {
  command = plan

  variables {
    kubernetes = {
      version         = "1.36"
      sku_tier        = "Free"
      host_encryption = true
      system_pool     = { vm_size = "Standard_D2s_v5", min_count = 2, max_count = 3 }
      workload_pool   = { vm_size = "Standard_D2s_v5", min_count = 2, max_count = 3 }
    }
  }

  expect_failures = [var.kubernetes]
}

run "refuses_self_hosted_without_endpoints" {
  command = plan

  variables {
    runner_access     = "self_hosted"
    runner_ip_ranges  = []
    private_endpoints = false
  }

  expect_failures = [var.private_endpoints]
}

run "refuses_senders_on_public_addresses" {
  command = plan

  variables {
    sender_ip_ranges = ["203.0.113.7"]
  }

  expect_failures = [var.sender_ip_ranges]
}

run "refuses_addresses_of_a_runner_within" {
  command = plan

  variables {
    runner_access     = "self_hosted"
    private_endpoints = true
    registry          = { sku = "Premium" }
    runner_ip_ranges  = ["203.0.113.9"]
  }

  expect_failures = [var.runner_ip_ranges]
}
