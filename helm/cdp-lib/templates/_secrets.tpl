{{/*
Secrets are files, never variables: the kernel reads them again at each request and run, so a rotation needs no restart.
The Key Vault CSI driver mounts them by the pod's own identity and swaps them when they change in the vault (the
cluster's rotation interval). No `secretObjects`: nothing is mirrored into a Kubernetes Secret.
Source: https://learn.microsoft.com/azure/aks/csi-secrets-store-identity-access
*/}}
{{- define "cdp-lib.secretProviderClass" -}}
{{- if eq .Values.secrets.provider "keyVault" -}}
apiVersion: secrets-store.csi.x-k8s.io/v1
kind: SecretProviderClass
metadata:
  {{- include "cdp-lib.metadata" (list . (include "cdp-lib.name" .) "server") | nindent 2 }}
spec:
  provider: azure
  parameters:
    usePodIdentity: "false"
    useVMManagedIdentity: "false"
    clientID: {{ .Values.workloadIdentity.clientId | quote }}
    keyvaultName: {{ .Values.secrets.keyVaultName | quote }}
    tenantId: {{ .Values.workloadIdentity.tenantId | quote }}
    objects: |
      array:
      {{- range $file, $object := .Values.secrets.objects }}
        - |
          objectName: {{ $object }}
          objectType: secret
          objectAlias: {{ $file }}
      {{- end }}
{{- end -}}
{{- end -}}

{{/* The volume of secrets, with either provider; group-readable by fsGroup only. */}}
{{- define "cdp-lib.secretsVolume" -}}
- name: secrets
  {{- if eq .Values.secrets.provider "keyVault" }}
  csi:
    driver: secrets-store.csi.k8s.io
    readOnly: true
    volumeAttributes:
      secretProviderClass: {{ include "cdp-lib.name" . }}
  {{- else }}
  secret:
    secretName: {{ .Values.secrets.kubernetesSecret }}
    defaultMode: 0440
  {{- end }}
{{- end -}}
