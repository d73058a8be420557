output "alert_names" {
  description = "All alerts that are on."
  value = sort(concat(
    flatten([for group in values(local.rule_groups) : keys(group)]),
    [for name, query in local.job_queries : name if query.enabled],
    keys(local.metric_alerts),
  ))
}

output "service_expressions" {
  description = "Expression of each alert on the services, which tests hold to the metrics that the services really expose."
  value       = { for name, rule in local.service_rules : name => rule.expression }
}
