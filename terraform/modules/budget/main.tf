# It begins in the month in which it is made, as Azure refuses an earlier one. time_period is ignored from then on: another
# start would replace the budget, and with it the months that it has seen.
resource "azurerm_consumption_budget_resource_group" "this" {
  name              = var.name
  resource_group_id = var.resource_group_id
  amount            = var.monthly_amount
  time_grain        = "Monthly"

  time_period {
    start_date = formatdate("YYYY-MM-01'T00:00:00Z'", plantimestamp())
  }

  notification {
    operator       = "GreaterThan"
    threshold      = 80
    threshold_type = "Actual"
    contact_emails = var.contact_emails
  }

  notification {
    operator       = "GreaterThan"
    threshold      = 100
    threshold_type = "Actual"
    contact_emails = var.contact_emails
  }

  notification {
    operator       = "GreaterThan"
    threshold      = 110
    threshold_type = "Forecasted"
    contact_emails = var.contact_emails
  }

  lifecycle {
    ignore_changes = [time_period]
  }
}
