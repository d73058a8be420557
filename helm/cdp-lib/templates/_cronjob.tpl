{{/*
The scheduled ingestion: `<service> ingest` in a pod of its own. One at a time; a run that is missed or fails loses nothing,
as the next one goes on after the last published batch.
*/}}
{{- define "cdp-lib.cronJob" -}}
{{- with .Values.cronJob -}}
{{- if .enabled -}}
apiVersion: batch/v1
kind: CronJob
metadata:
  {{- include "cdp-lib.metadata" (list $ (printf "%s-ingest" (include "cdp-lib.name" $)) "ingest") | nindent 2 }}
spec:
  schedule: {{ .schedule | quote }}
  timeZone: {{ .timeZone }}
  suspend: {{ .suspend }}
  concurrencyPolicy: Forbid
  startingDeadlineSeconds: {{ .startingDeadlineSeconds }}
  successfulJobsHistoryLimit: {{ .successfulJobsHistoryLimit }}
  failedJobsHistoryLimit: {{ .failedJobsHistoryLimit }}
  jobTemplate:
    metadata:
      labels:
        {{- include "cdp-lib.labels" (list $ "ingest") | nindent 8 }}
    spec:
      # While a failed job is there, its alert lasts: no later run that is well ends it.
      ttlSecondsAfterFinished: {{ .ttlSecondsAfterFinished }}
      activeDeadlineSeconds: {{ .activeDeadlineSeconds }}
      backoffLimit: {{ .backoffLimit }}
      podFailurePolicy:
        {{- include "cdp-lib.podFailurePolicy" $ | nindent 8 }}
      template:
        metadata:
          labels:
            {{- include "cdp-lib.podLabels" (list $ "ingest") | nindent 12 }}
          annotations:
            {{- include "cdp-lib.podAnnotations" $ | nindent 12 }}
        spec:
          {{- include "cdp-lib.podSpec" $ | nindent 10 }}
          restartPolicy: Never
          terminationGracePeriodSeconds: 30
          containers:
            - name: ingest
              args:
                - ingest
                - --mode
                - {{ .mode }}
              {{- include "cdp-lib.containerSpec" $ | nindent 14 }}
{{- end -}}
{{- end -}}
{{- end -}}

{{/*
By exit code (microservices/kernel/README.md). A moved node counts as no failure. What another try cannot mend fails the
job at once: 3 all was taken, but something was set aside and wants to be looked at; the others are wrong settings, data,
rights, or a bug. The rest (source or lake away, throttled, another run) is tried again.
*/}}
{{- define "cdp-lib.podFailurePolicy" -}}
rules:
  - action: Ignore
    onPodConditions:
      - type: DisruptionTarget
        status: "True"
  - action: FailJob
    onExitCodes:
      containerName: ingest
      operator: In
      values: [2, 3, 64, 65, 70, 77, 78]
{{- end -}}
