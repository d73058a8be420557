{{- define "cdp-lib.notes" -}}
{{ .Chart.Name }} {{ .Chart.AppVersion }} is release {{ .Release.Name }} in namespace {{ .Release.Namespace }}.

Is it ready?      helm test {{ .Release.Name }} -n {{ .Release.Namespace }}
Its logs:         kubectl logs -n {{ .Release.Namespace }} deployment/{{ include "cdp-lib.name" . }} --tail=100
{{- if .Values.cronJob.enabled }}
Ingest now:       kubectl create job -n {{ .Release.Namespace }} --from=cronjob/{{ include "cdp-lib.name" . }}-ingest {{ include "cdp-lib.name" . }}-now
Scheduled runs:   kubectl get jobs -n {{ .Release.Namespace }} -l app.kubernetes.io/instance={{ .Release.Name }}
{{- else }}
Nothing is scheduled (cronJob.enabled=false): start runs by POST /v1/ingestions.
{{- end }}

On a private cluster wrap these into `az aks command invoke`: see docs/troubleshooting.md.
{{- end -}}
