{{/*
Names and labels. Selectors never change in a release; the other labels may.
*/}}

{{/* The release's name is the name of everything: `helm upgrade --install csv-ingestion ...`. */}}
{{- define "cdp-lib.name" -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{/* Takes (list $ component): server, ingest or test. */}}
{{- define "cdp-lib.selectorLabels" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: {{ $root.Chart.Name }}
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{/* The same and what tells where an object comes from. */}}
{{- define "cdp-lib.labels" -}}
{{- $root := index . 0 -}}
{{ include "cdp-lib.selectorLabels" . }}
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/part-of: customer-data-platform
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" }}
{{- end -}}

{{/* Name, namespace and labels of an object. Takes (list $ name component). */}}
{{- define "cdp-lib.metadata" -}}
{{- $root := index . 0 -}}
name: {{ index . 1 }}
namespace: {{ $root.Release.Namespace }}
labels:
  {{- include "cdp-lib.labels" (list $root (index . 2)) | nindent 2 }}
{{- end -}}
