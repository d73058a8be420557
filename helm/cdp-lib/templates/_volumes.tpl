{{/*
Claims of the volumes that do not name an existing one. They outlive the release: an inbox or a lake is not thrown away.
*/}}
{{- define "cdp-lib.persistentVolumeClaims" -}}
{{- range $name, $volume := .Values.volumes }}
{{- with $volume.newClaim }}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  {{- include "cdp-lib.metadata" (list $ (printf "%s-%s" (include "cdp-lib.name" $) $name) "server") | nindent 2 }}
  annotations:
    helm.sh/resource-policy: keep
spec:
  accessModes:
    - {{ .accessMode }}
  {{- with .storageClassName }}
  storageClassName: {{ . }}
  {{- end }}
  resources:
    requests:
      storage: {{ .size }}
{{- end }}
{{- end }}
{{- end -}}
