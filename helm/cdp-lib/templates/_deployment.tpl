{{/*
The server. Its grace is longer than the service's own: it finishes its batch for STOP_TIMEOUT_SECONDS, is gone 8 s later
at most (microservices/kernel/README.md), and preStop lets the endpoints forget the pod first.
*/}}
{{- define "cdp-lib.deployment" -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  {{- include "cdp-lib.metadata" (list . (include "cdp-lib.name" .) "server") | nindent 2 }}
spec:
  {{- if not .Values.autoscaling.enabled }}
  replicas: {{ .Values.replicaCount }}
  {{- end }}
  revisionHistoryLimit: 5
  strategy:
    type: RollingUpdate
    rollingUpdate:
      maxSurge: 1
      maxUnavailable: 0
  selector:
    matchLabels:
      {{- include "cdp-lib.selectorLabels" (list . "server") | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "cdp-lib.podLabels" (list . "server") | nindent 8 }}
      annotations:
        {{- include "cdp-lib.podAnnotations" . | nindent 8 }}
    spec:
      {{- include "cdp-lib.podSpec" . | nindent 6 }}
      terminationGracePeriodSeconds: {{ add .Values.preStopSeconds .Values.stopTimeoutSeconds 8 7 }}
      topologySpreadConstraints:
        {{- range list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
        - maxSkew: 1
          topologyKey: {{ . }}
          whenUnsatisfiable: ScheduleAnyway
          labelSelector:
            matchLabels:
              {{- include "cdp-lib.selectorLabels" (list $ "server") | nindent 14 }}
        {{- end }}
      containers:
        - name: server
          args:
            - serve
          env:
            - name: HOST
              value: 0.0.0.0
          {{- include "cdp-lib.containerSpec" . | nindent 10 }}
          ports:
            - name: http
              containerPort: {{ .Values.port }}
              protocol: TCP
          lifecycle:
            preStop:
              exec:
                command:
                  - python
                  - -c
                  - import time; time.sleep({{ .Values.preStopSeconds }})
          {{- include "cdp-lib.probes" . | nindent 10 }}
{{- end -}}

{{/* Readiness asks source and lake, which may take their connection's time-out; liveness looks at the process alone. */}}
{{- define "cdp-lib.probes" -}}
startupProbe:
  httpGet:
    path: /health/live
    port: http
  periodSeconds: 2
  timeoutSeconds: 2
  failureThreshold: 30
livenessProbe:
  httpGet:
    path: /health/live
    port: http
  periodSeconds: 20
  timeoutSeconds: 5
  failureThreshold: 3
readinessProbe:
  httpGet:
    path: /health/ready
    port: http
  periodSeconds: 15
  timeoutSeconds: 12
  failureThreshold: 2
{{- end -}}
