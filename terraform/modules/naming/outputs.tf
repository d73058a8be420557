output "names" {
  description = "Name of each kind of resource."
  value       = local.names

  precondition {
    condition     = length(local.misfits) == 0
    error_message = "These names break Azure's limits; shorten project, region_code or unique_suffix: ${join(", ", local.misfits)}."
  }
}

output "limits" {
  description = "Shortest, longest and pattern of each kind's name, as Azure documents them."
  value       = local.limits
}

output "dashed" {
  description = "Project, environment and region, for names that are made elsewhere."
  value       = local.dashed
}
