{{/*
Managed Prometheus scrapes the servers. The pods of scheduled runs end before anybody would ask them; they tell of
themselves by logs and, where set, OpenTelemetry.
Source: https://learn.microsoft.com/azure/azure-monitor/containers/prometheus-metrics-scrape-crd
*/}}
{{- define "cdp-lib.podMonitor" -}}
{{- if .Values.monitoring.enabled -}}
apiVersion: azmonitoring.coreos.com/v1
kind: PodMonitor
metadata:
  {{- include "cdp-lib.metadata" (list . (include "cdp-lib.name" .) "server") | nindent 2 }}
spec:
  selector:
    matchLabels:
      {{- include "cdp-lib.selectorLabels" (list . "server") | nindent 6 }}
  podMetricsEndpoints:
    - port: http
      path: /metrics
      interval: {{ .Values.monitoring.intervalSeconds }}s
{{- end -}}
{{- end -}}
