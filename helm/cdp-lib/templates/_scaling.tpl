{{/*
How many servers there are, and how many may go at once.
*/}}
{{- define "cdp-lib.horizontalPodAutoscaler" -}}
{{- with .Values.autoscaling -}}
{{- if .enabled -}}
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  {{- include "cdp-lib.metadata" (list $ (include "cdp-lib.name" $) "server") | nindent 2 }}
spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: {{ include "cdp-lib.name" $ }}
  minReplicas: {{ .minReplicas }}
  maxReplicas: {{ .maxReplicas }}
  metrics:
    - type: Resource
      resource:
        name: cpu
        target:
          type: Utilization
          averageUtilization: {{ .targetCPUUtilizationPercentage }}
  behavior:
    # A pod that goes may be in the middle of a batch: let it be sure that it is not needed.
    scaleDown:
      stabilizationWindowSeconds: 600
      policies:
        - type: Pods
          value: 1
          periodSeconds: 300
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Only where there is more than one: with one, it would keep nodes from being drained. */}}
{{- define "cdp-lib.podDisruptionBudget" -}}
{{- $least := ternary .Values.autoscaling.minReplicas .Values.replicaCount .Values.autoscaling.enabled -}}
{{- if gt (int $least) 1 -}}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  {{- include "cdp-lib.metadata" (list . (include "cdp-lib.name" .) "server") | nindent 2 }}
spec:
  maxUnavailable: 1
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels:
      {{- include "cdp-lib.selectorLabels" (list . "server") | nindent 6 }}
{{- end -}}
{{- end -}}
