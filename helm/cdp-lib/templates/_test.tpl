{{/*
`helm test RELEASE`: can the server be reached through its Service, and could it begin a run?
The finished pod stays until the next test: helm 3's `test --logs` asks for the log after hook-succeeded has deleted
the pod, and fails (helm/helm#9098).
*/}}
{{- define "cdp-lib.testPod" -}}
apiVersion: v1
kind: Pod
metadata:
  {{- include "cdp-lib.metadata" (list . (printf "%s-test" (include "cdp-lib.name" .)) "test") | nindent 2 }}
  annotations:
    helm.sh/hook: test
    helm.sh/hook-delete-policy: before-hook-creation
spec:
  automountServiceAccountToken: false
  enableServiceLinks: false
  restartPolicy: Never
  activeDeadlineSeconds: 60
  securityContext:
    {{- include "cdp-lib.podSecurityContext" . | nindent 4 }}
  containers:
    - name: ready
      image: {{ include "cdp-lib.image" . }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      command:
        - python
        - -c
        - |
          import http.client, sys
          connection = http.client.HTTPConnection("{{ include "cdp-lib.name" . }}", {{ .Values.service.port }}, timeout=30)
          connection.request("GET", "/health/ready")
          answer = connection.getresponse()
          print(answer.status, answer.read().decode())
          sys.exit(answer.status != 200)
      resources:
        requests:
          cpu: 50m
          memory: 64Mi
        limits:
          memory: 64Mi
      securityContext:
        {{- include "cdp-lib.containerSecurityContext" . | nindent 8 }}
{{- end -}}
