# The services' runs, by their log lines: scheduled runs end before Prometheus would ask them, and say the same as the
# others. Events and fields: microservices/kernel/src/ingestion_kernel/infrastructure/telemetry/log.py.
locals {
  hours   = var.thresholds.no_ingestion_hours
  sources = join(", ", [for source in var.sources : "'${source}'"])
  runs    = "ContainerLogV2 | where PodNamespace == '${var.namespace}' | extend line = parse_json(tostring(LogMessage)) | extend event = tostring(line.event), source = tostring(line.source) | where event in ('run_succeeded', 'run_failed')"

  run_queries = {
    no-ingestion = {
      query       = "datatable(source: string) [${local.sources}] | join kind=leftouter (${local.runs} | where event == 'run_succeeded' and TimeGenerated > ago(${local.hours}h) | summarize succeeded = count() by source) on source | where isnull(succeeded) | project source"
      window      = "P2D"
      frequency   = "PT1H"
      severity    = 1
      description = "No run of a source has succeeded for ${local.hours} hours."
      enabled     = var.thresholds.ingestion_scheduled
    }
    ingestion-failing = {
      query       = "${local.runs} | summarize failed = countif(event == 'run_failed'), succeeded = countif(event == 'run_succeeded') by source | where failed > 0 and succeeded == 0"
      window      = "PT3H"
      frequency   = "PT15M"
      severity    = 2
      description = "All runs of a source failed in the last three hours. The log line run_failed has code and advice."
      enabled     = true
    }
    ingestion-error-rate = {
      query       = "${local.runs} | summarize failed = countif(event == 'run_failed'), runs = count() by source | where runs >= 3 and todouble(failed) / runs > ${var.thresholds.failed_run_share}"
      window      = "P1D"
      frequency   = "PT1H"
      severity    = 2
      description = "Too many of a source's runs of the last day failed."
      enabled     = true
    }
    ingestion-rejected-share = {
      query       = "${local.runs} | summarize rejected = sum(tolong(line.rows_rejected)), written = sum(tolong(line.rows_written)) by source | where rejected > 0 and todouble(rejected) / (rejected + written) > ${var.thresholds.rejected_row_share}"
      window      = "P1D"
      frequency   = "PT1H"
      severity    = 2
      description = "Too large a share of a source's rows of the last day was set aside as unreadable."
      enabled     = true
    }
    ingestion-inputs-rejected = {
      query       = "${local.runs} | summarize rejected = sum(tolong(line.inputs_rejected)) by source | where rejected > 0"
      window      = "P1D"
      frequency   = "PT1H"
      severity    = 3
      description = "Whole files were set aside as unreadable."
      enabled     = true
    }
  }
}

# Queries are not tried when they are made: their table exists from the first line on only. One alert per source, by the
# dimension.
resource "azurerm_monitor_scheduled_query_rules_alert_v2" "runs" {
  for_each = local.run_queries

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
    operator                = "GreaterThan"
    threshold               = 0
    time_aggregation_method = "Count"

    dimension {
      name     = "source"
      operator = "Include"
      values   = ["*"]
    }

    failing_periods {
      minimum_failing_periods_to_trigger_alert = 1
      number_of_evaluation_periods             = 1
    }
  }

  action {
    action_groups = [var.action_group_id]
  }
}
