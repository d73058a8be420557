# Pods by kube-state-metrics, and whether the services' own /metrics (microservices/kernel/README.md) are read at all.
# Of the former Managed Prometheus keeps but some (terraform/tests/test_metrics.py): not kube_job_status_failed.
# Severity 1 wakes somebody, 2 is for the morning, 3 for the week.
locals {
  service_rules = {
    MetricsMissing = {
      expression  = "count(count by (source) (ingestion_build_info)) < ${length(var.sources)} or absent(ingestion_build_info)"
      lasting     = "PT30M"
      severity    = 3
      description = "The metrics of a service are not read: its dashboards are blind."
    }
    ServiceUnavailable = {
      expression  = "sum by (deployment) (kube_deployment_status_replicas_available{namespace='${var.namespace}'}) == 0"
      lasting     = "PT5M"
      severity    = 1
      description = "No pod of a service is ready."
    }
  }

  cluster_rules = {
    KubePodCrashLooping = {
      expression  = "max by (namespace, pod) (max_over_time(kube_pod_container_status_waiting_reason{reason='CrashLoopBackOff'}[5m])) >= 1"
      lasting     = "PT15M"
      severity    = 2
      description = "A pod crashes again and again."
    }
    # The reason is told of a container that was started again, and as long as its pod lives: hence the restart of the
    # last day. A scheduled run is never started again in its pod; out of memory, it fails, and then its job.
    KubeContainerOOMKilled = {
      expression  = "max by (namespace, pod) (kube_pod_container_status_last_terminated_reason{reason='OOMKilled', namespace='${var.namespace}'}) > 0 and max by (namespace, pod) (increase(kube_pod_container_status_restarts_total{namespace='${var.namespace}'}[1d])) > 0"
      lasting     = "PT5M"
      severity    = 2
      description = "A server ran out of memory within the last day. Of scheduled runs KubeJobFailed tells."
    }
    # It ends when the job is removed: ttlSecondsAfterFinished of the charts.
    KubeJobFailed = {
      expression  = "max by (job_name) (kube_job_failed{namespace='${var.namespace}', condition='true'}) > 0"
      lasting     = "PT15M"
      severity    = 2
      description = "A scheduled run failed within the last day. Its log says why; where it ends without a reason, the run was out of memory."
    }
    KubeNodeNotReady = {
      expression  = "sum by (node) (kube_node_status_condition{condition='Ready', status='true'}) == 0"
      lasting     = "PT15M"
      severity    = 1
      description = "A node has not been ready for a quarter of an hour."
    }
  }

  rule_groups = { services = local.service_rules, cluster = local.cluster_rules }
}
