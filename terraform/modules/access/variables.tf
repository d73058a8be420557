variable "grants" {
  description = "Who may do what where: one role assignment each. `principal` and `scope` are keys of the two maps below."
  type = map(object({
    principal = string
    scope     = string
    role      = string
    why       = string
  }))
  nullable = false

  validation {
    condition     = alltrue([for grant in values(var.grants) : !contains(["Owner", "Contributor", "User Access Administrator", "Storage Blob Data Owner"], grant.role)])
    error_message = "No grant may carry Owner, Contributor, User Access Administrator or Storage Blob Data Owner: name the narrower role that is needed."
  }

  validation {
    condition     = alltrue([for grant in values(var.grants) : contains(keys(var.principals), grant.principal)])
    error_message = "A grant names a principal that is not given: ${join(", ", setsubtract([for grant in values(var.grants) : grant.principal], keys(var.principals)))}."
  }

  validation {
    condition     = alltrue([for grant in values(var.grants) : contains(keys(var.scopes), grant.scope)])
    error_message = "A grant names a scope that does not exist: ${join(", ", setsubtract([for grant in values(var.grants) : grant.scope], keys(var.scopes)))}."
  }
}

variable "principals" {
  description = "Object id and kind (Group or ServicePrincipal) of each principal."
  type = map(object({
    object_id = string
    type      = string
  }))
  nullable = false

  validation {
    condition     = alltrue([for principal in values(var.principals) : contains(["Group", "ServicePrincipal"], principal.type)])
    error_message = "People get rights by a group of Entra's: a principal's type must be Group or ServicePrincipal."
  }
}

variable "scopes" {
  description = "Resource id of each scope."
  type        = map(string)
  nullable    = false
}
