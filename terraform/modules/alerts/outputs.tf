output "alert_names" {
  description = "All alerts that are on."
  value = sort(concat(
    flatten([for group in values(local.rule_groups) : keys(group)]),
    [for name, query in local.job_queries : name if query.enabled],
    [for name, query in local.run_queries : name if query.enabled],
    keys(local.metric_alerts),
  ))
}

output "run_queries" {
  description = "Query of each alert on the services' runs."
  value       = { for name, alert in local.run_queries : name => alert.query }
}
