# Pods by kube-state-metrics, and whether the services' own /metrics (microservices/kernel/README.md) are read at all.
# Severity 1 wakes somebody, 2 is for the morning, 3 for the week.
locals {
  service_rules = {
    MetricsMissing = {
      expression  = "count(count by (source) (ingestion_build_info)) < ${length(var.sources)} or absent(ingestion_build_info)"
      for         = "PT30M"
      severity    = 3
      description = "The metrics of a service are not read: its dashboards are blind."
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
