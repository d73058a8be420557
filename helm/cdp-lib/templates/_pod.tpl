{{/*
What the pods of the server and of the scheduled ingestion have in common.
*/}}

{{/* Labels of a pod. Takes (list $ component). */}}
{{- define "cdp-lib.podLabels" -}}
{{- $root := index . 0 -}}
{{ include "cdp-lib.labels" . }}
{{- if $root.Values.workloadIdentity.clientId }}
azure.workload.identity/use: "true"
{{- end }}
{{- end -}}

{{/* A change of settings or files makes new pods; one of secrets needs none. */}}
{{- define "cdp-lib.podAnnotations" -}}
checksum/config: {{ include "cdp-lib.configMap" . | sha256sum }}
{{- end -}}

{{- define "cdp-lib.image" -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- end -}}

{{/* The pod's own fields, before its containers. */}}
{{- define "cdp-lib.podSpec" -}}
serviceAccountName: {{ include "cdp-lib.name" . }}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  {{- include "cdp-lib.podSecurityContext" . | nindent 2 }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
volumes:
  - name: tmp
    emptyDir:
      sizeLimit: 128Mi
  {{- include "cdp-lib.secretsVolume" . | nindent 2 }}
  {{- if .Values.files }}
  - name: files
    configMap:
      name: {{ include "cdp-lib.name" . }}-files
  {{- end }}
  {{- range $name, $volume := .Values.volumes }}
  - name: {{ $name }}
    persistentVolumeClaim:
      claimName: {{ $volume.existingClaim | default (printf "%s-%s" (include "cdp-lib.name" $) $name) }}
  {{- end }}
{{- end -}}

{{/* A container's fields, after its name, command and environment. */}}
{{- define "cdp-lib.containerSpec" -}}
image: {{ include "cdp-lib.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
envFrom:
  - configMapRef:
      name: {{ include "cdp-lib.name" . }}
resources:
  {{- toYaml .Values.resources | nindent 2 }}
securityContext:
  {{- include "cdp-lib.containerSecurityContext" . | nindent 2 }}
volumeMounts:
  - name: tmp
    mountPath: /tmp
  - name: secrets
    mountPath: {{ include "cdp-lib.secretsDir" . }}
    readOnly: true
  {{- if .Values.files }}
  - name: files
    mountPath: {{ include "cdp-lib.filesDir" . }}
    readOnly: true
  {{- end }}
  {{- range $name, $volume := .Values.volumes }}
  - name: {{ $name }}
    mountPath: {{ $volume.mountPath }}
  {{- end }}
{{- end -}}
