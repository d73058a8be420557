# The job, by Databricks' audit log. It arrives late, up to an hour by Databricks' own account; the bundle's e-mails are
# quicker. A breach of quality ends the run with exit code 76, so it is a failed run here.
locals {
  job_queries = {
    job-failed = {
      query       = "DatabricksJobs | where ActionName == 'runFailed' | extend job = tostring(parse_json(RequestParams).jobId), run = tostring(parse_json(RequestParams).runId)"
      operator    = "GreaterThan"
      threshold   = 0
      window      = "PT1H"
      frequency   = "PT15M"
      severity    = 1
      description = "A run of the job failed, or quality held gold: the run's log and report say which."
      enabled     = true
    }
    job-over-time = {
      query       = "let started = DatabricksJobs | where ActionName == 'runStart' | extend run = tostring(parse_json(RequestParams).runId) | summarize began = min(TimeGenerated) by run; let ended = DatabricksJobs | where ActionName in ('runSucceeded', 'runFailed') | extend run = tostring(parse_json(RequestParams).runId) | summarize done = max(TimeGenerated) by run; started | join kind=leftouter ended on run | extend minutes = datetime_diff('minute', coalesce(done, now()), began) | where minutes > ${var.thresholds.job_minutes}"
      operator    = "GreaterThan"
      threshold   = 0
      window      = "PT6H"
      frequency   = "PT15M"
      severity    = 2
      description = "A run of the job takes, or took, more than ${var.thresholds.job_minutes} minutes."
      enabled     = true
    }
    job-absent = {
      query       = "DatabricksJobs | where ActionName == 'runSucceeded'"
      operator    = "LessThan"
      threshold   = 1
      window      = "P2D"
      frequency   = "PT1H"
      severity    = 1
      description = "No run of the job has succeeded for two days."
      enabled     = var.thresholds.job_scheduled
    }
  }
}

# Queries are not tried when they are made: their table exists from the first event on only.
resource "azurerm_monitor_scheduled_query_rules_alert_v2" "job" {
  for_each = local.job_queries

  name                    = "${each.key}-${var.names.dashed}"
  resource_group_name     = var.resource_group_name
  location                = var.location
  scopes                  = [var.log_analytics_workspace_id]
  description             = each.value.description
  enabled                 = each.value.enabled
  severity                = each.value.severity
  evaluation_frequency    = each.value.frequency
  window_duration         = each.value.window
  auto_mitigation_enabled = true
  skip_query_validation   = true
  tags                    = var.tags

  criteria {
    query                   = each.value.query
    operator                = each.value.operator
    threshold               = each.value.threshold
    time_aggregation_method = "Count"

    failing_periods {
      minimum_failing_periods_to_trigger_alert = 1
      number_of_evaluation_periods             = 1
    }
  }

  action {
    action_groups = [var.action_group_id]
  }
}
