{{/*
What Pod Security "restricted" asks for, and a root file system that nobody writes to.
Source: https://kubernetes.io/docs/concepts/security/pod-security-standards/
*/}}

{{/* Of the image: see its USER. */}}
{{- define "cdp-lib.uid" -}}
10001
{{- end -}}

{{- define "cdp-lib.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: {{ include "cdp-lib.uid" . }}
runAsGroup: {{ include "cdp-lib.uid" . }}
fsGroup: {{ include "cdp-lib.uid" . }}
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "cdp-lib.containerSecurityContext" -}}
allowPrivilegeEscalation: false
capabilities:
  drop:
    - ALL
privileged: false
readOnlyRootFilesystem: true
{{- end -}}

{{/* The pod's workload identity. The webhook injects its own token, so the API server's is not mounted. */}}
{{- define "cdp-lib.serviceAccount" -}}
apiVersion: v1
kind: ServiceAccount
metadata:
  {{- include "cdp-lib.metadata" (list . (include "cdp-lib.name" .) "server") | nindent 2 }}
  {{- with .Values.workloadIdentity.clientId }}
  annotations:
    azure.workload.identity/client-id: {{ . | quote }}
    azure.workload.identity/tenant-id: {{ $.Values.workloadIdentity.tenantId | quote }}
    azure.workload.identity/service-account-token-expiration: {{ $.Values.workloadIdentity.tokenExpirationSeconds | quote }}
  {{- end }}
automountServiceAccountToken: false
{{- end -}}
