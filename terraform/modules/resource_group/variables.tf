variable "name" {
  description = "Name of the resource group."
  type        = string
}

variable "location" {
  description = "Azure region."
  type        = string
}

variable "locked" {
  description = "Whether nothing in the group may be deleted."
  type        = bool
  default     = false
}

variable "tags" {
  description = "Tags of every resource made here."
  type        = map(string)
  default     = {}
}
