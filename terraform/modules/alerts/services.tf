# The services, by the metrics of their own /metrics (microservices/kernel/README.md), and the pods, by
# kube-state-metrics. Severity 1 wakes somebody, 2 is for the morning, 3 for the week.
locals {
  hours = var.thresholds.no_ingestion_hours

  service_rules = {
    IngestionFailing = {
      expression  = "sum by (source) (increase(ingestion_runs_total{status=\"failed\"}[1h])) > 0 unless sum by (source) (increase(ingestion_runs_total{status=\"succeeded\"}[1h])) > 0"
      for         = "PT15M"
      severity    = 2
      description = "All runs of the last hour failed."
    }
    IngestionErrorRate = {
      expression  = "sum by (source) (increase(ingestion_runs_total{status=\"failed\"}[6h])) / sum by (source) (increase(ingestion_runs_total{status=~\"failed|succeeded\"}[6h])) > ${var.thresholds.failed_run_share}"
      for         = "PT30M"
      severity    = 2
      description = "Too many of the last six hours' runs failed."
    }
    NoIngestion = {
      expression  = "sum by (source) (increase(ingestion_runs_total{status=\"succeeded\"}[${local.hours}h])) == 0"
      for         = "PT30M"
      severity    = 1
      description = "No run has succeeded for ${local.hours} hours."
    }
    IngestionRejectedShare = {
      expression  = "sum by (source) (increase(ingestion_rows_rejected_total[24h])) / (sum by (source) (increase(ingestion_rows_rejected_total[24h])) + sum by (source) (increase(ingestion_rows_written_total[24h]))) > ${var.thresholds.rejected_row_share}"
      for         = "PT15M"
      severity    = 2
      description = "Too large a share of the last day's rows was set aside as unreadable."
    }
    IngestionInputsRejected = {
      expression  = "sum by (source) (increase(ingestion_inputs_rejected_total[24h])) > 0"
      for         = "PT15M"
      severity    = 3
      description = "Whole files were set aside as unreadable."
    }
    ServiceUnavailable = {
      expression  = "sum by (deployment) (kube_deployment_status_replicas_available{namespace=\"${var.namespace}\"}) == 0"
      for         = "PT5M"
      severity    = 1
      description = "No pod of a service is ready."
    }
  }

  cluster_rules = {
    KubePodCrashLooping = {
      expression  = "max by (namespace, pod) (max_over_time(kube_pod_container_status_waiting_reason{reason=\"CrashLoopBackOff\"}[5m])) >= 1"
      for         = "PT15M"
      severity    = 2
      description = "A pod crashes again and again."
    }
    KubeContainerOOMKilled = {
      expression  = "sum by (namespace, pod) (kube_pod_container_status_last_terminated_reason{reason=\"OOMKilled\", namespace=\"${var.namespace}\"}) > 0"
      for         = "PT5M"
      severity    = 2
      description = "A container ran out of memory."
    }
    KubeJobFailed = {
      expression  = "sum by (job_name) (kube_job_status_failed{namespace=\"${var.namespace}\"}) > 0"
      for         = "PT15M"
      severity    = 2
      description = "A Kubernetes job failed."
    }
    KubeNodeNotReady = {
      expression  = "sum by (node) (kube_node_status_condition{condition=\"Ready\", status=\"true\"}) == 0"
      for         = "PT15M"
      severity    = 1
      description = "A node has not been ready for a quarter of an hour."
    }
  }

  rule_groups = { services = local.service_rules, cluster = local.cluster_rules }
}

resource "azurerm_monitor_alert_prometheus_rule_group" "this" {
  for_each = local.rule_groups

  name                = "alerts-${each.key}-${var.names.dashed}"
  resource_group_name = var.resource_group_name
  location            = var.location
  cluster_name        = var.cluster.name
  interval            = "PT1M"
  scopes              = [var.monitor_workspace_id, var.cluster.id]
  rule_group_enabled  = true
  tags                = var.tags

  dynamic "rule" {
    for_each = each.value

    content {
      alert       = rule.key
      enabled     = true
      expression  = rule.value.expression
      for         = rule.value.for
      severity    = rule.value.severity
      annotations = { description = rule.value.description }

      action {
        action_group_id = var.action_group_id
      }

      alert_resolution {
        auto_resolved   = true
        time_to_resolve = "PT15M"
      }
    }
  }
}
