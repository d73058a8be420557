variable "name" {
  description = "Name of the budget."
  type        = string
}

variable "resource_group_id" {
  description = "Resource id of the group whose costs are watched."
  type        = string

  validation {
    condition     = can(regex("^/subscriptions/[^/]+/resourceGroups/[^/]+$", var.resource_group_id))
    error_message = "resource_group_id must be the resource id of a resource group."
  }
}

variable "monthly_amount" {
  description = "Amount a month, in the currency of the subscription's bill."
  type        = number

  validation {
    condition     = var.monthly_amount > 0
    error_message = "monthly_amount must be more than 0."
  }
}

variable "contact_emails" {
  description = "Who hears of it."
  type        = list(string)

  validation {
    condition     = length(var.contact_emails) > 0 && alltrue([for address in var.contact_emails : can(regex("^[^@ ]+@[^@ ]+\\.[^@ ]+$", address))])
    error_message = "contact_emails needs at least one e-mail address."
  }
}
