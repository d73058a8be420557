{{/*
ConfigMaps: settings become environment variables, files are mounted. Secrets are in neither.
*/}}

{{/* A value as the services read it: whole numbers without an exponent, lists and maps as JSON. */}}
{{- define "cdp-lib.settingText" -}}
{{- if or (kindIs "map" .) (kindIs "slice" .) -}}
{{- toJson . -}}
{{- else if and (kindIs "float64" .) (eq (floor .) .) -}}
{{- int64 . -}}
{{- else -}}
{{- toString . -}}
{{- end -}}
{{- end -}}

{{- define "cdp-lib.configMap" -}}
apiVersion: v1
kind: ConfigMap
metadata:
  {{- include "cdp-lib.metadata" (list . (include "cdp-lib.name" .) "server") | nindent 2 }}
data:
  {{- range $name, $value := .Values.settings }}
  {{ $name }}: {{ include "cdp-lib.settingText" $value | quote }}
  {{- end }}
  PORT: {{ .Values.port | quote }}
  SECRETS_DIR: {{ include "cdp-lib.secretsDir" . }}
  STOP_TIMEOUT_SECONDS: {{ .Values.stopTimeoutSeconds | quote }}
{{- with .Values.files }}
---
apiVersion: v1
kind: ConfigMap
metadata:
  {{- include "cdp-lib.metadata" (list $ (printf "%s-files" (include "cdp-lib.name" $)) "server") | nindent 2 }}
data:
  {{- range $name, $content := . }}
  {{ $name }}: {{ $content | quote }}
  {{- end }}
{{- end }}
{{- end -}}

{{- define "cdp-lib.secretsDir" -}}
/run/ingestion/secrets
{{- end -}}

{{- define "cdp-lib.filesDir" -}}
/etc/ingestion
{{- end -}}
