mock_provider "azurerm" {
  source = "../../tests/mocks"
}

variables {
  name              = "budget"
  resource_group_id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-mock"
  monthly_amount    = 100
  contact_emails    = ["a@example.com"]
}

run "tells_three_times" {
  command = apply

  assert {
    condition     = length(azurerm_consumption_budget_resource_group.this.notification) == 3
    error_message = "Three notifications."
  }

  assert {
    condition     = azurerm_consumption_budget_resource_group.this.time_period[0].start_date == formatdate("YYYY-MM-01'T00:00:00Z'", plantimestamp())
    error_message = "It must begin in this month: Azure refuses an earlier one."
  }

}

run "refuses_no_group_id" {
  command = plan

  variables {
    resource_group_id = "rg"
  }

  expect_failures = [var.resource_group_id]
}

run "refuses_nothing" {
  command = plan

  variables {
    monthly_amount = 0
  }

  expect_failures = [var.monthly_amount]
}

run "refuses_nobody" {
  command = plan

  variables {
    contact_emails = []
  }

  expect_failures = [var.contact_emails]
}
