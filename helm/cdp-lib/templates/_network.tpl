{{/*
Service and network policy. Nothing passes that is not named.
*/}}

{{/* A run is known to the process that started it, so a caller stays with one pod. */}}
{{- define "cdp-lib.service" -}}
apiVersion: v1
kind: Service
metadata:
  {{- include "cdp-lib.metadata" (list . (include "cdp-lib.name" .) "server") | nindent 2 }}
spec:
  type: ClusterIP
  sessionAffinity: ClientIP
  selector:
    {{- include "cdp-lib.selectorLabels" (list . "server") | nindent 4 }}
  ports:
    - name: http
      port: {{ .Values.service.port }}
      targetPort: http
      protocol: TCP
{{- end -}}

{{/* One policy for all pods of the release; the policies of a pod add up, so the test pod's is one more. */}}
{{- define "cdp-lib.networkPolicy" -}}
{{- if .Values.networkPolicy.enabled -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  {{- include "cdp-lib.metadata" (list . (include "cdp-lib.name" .) "server") | nindent 2 }}
spec:
  podSelector:
    matchLabels:
      app.kubernetes.io/instance: {{ .Release.Name }}
      app.kubernetes.io/name: {{ .Chart.Name }}
  policyTypes:
    - Ingress
    - Egress
  ingress:
    - from:
        - podSelector:
            matchLabels:
              {{- include "cdp-lib.selectorLabels" (list . "test") | nindent 14 }}
        {{- range concat .Values.networkPolicy.callers .Values.networkPolicy.scrapers | uniq }}
        - namespaceSelector:
            matchLabels:
              kubernetes.io/metadata.name: {{ . }}
        {{- end }}
      ports:
        - protocol: TCP
          port: http
  egress:
    {{- include "cdp-lib.egressRules" . | nindent 4 }}
{{- end -}}
{{- end -}}

{{/*
The resolver on the node itself (LocalDNS), which AKS puts before kube-dns from Kubernetes 1.37 on. It listens on the host
(169.254.10.10 and .11), which Cilium, from 1.17 on, takes for no address of an ipBlock: so a policy of Cilium's own.
Source: learn.microsoft.com/azure/aks/localdns-custom, "Update Cilium Network Policies".
*/}}
{{- define "cdp-lib.nodeDnsPolicy" -}}
{{- if and .Values.networkPolicy.enabled .Values.networkPolicy.nodeDns -}}
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata:
  {{- include "cdp-lib.metadata" (list . (printf "%s-node-dns" (include "cdp-lib.name" .)) "server") | nindent 2 }}
spec:
  endpointSelector:
    matchLabels:
      app.kubernetes.io/instance: {{ .Release.Name }}
      app.kubernetes.io/name: {{ .Chart.Name }}
  egress:
    - toEntities:
        - host
      toPorts:
        - ports:
            - port: "53"
              protocol: UDP
            - port: "53"
              protocol: TCP
{{- end -}}
{{- end -}}

{{/* DNS, the test pod's way to the server, and each destination that values name. */}}
{{- define "cdp-lib.egressRules" -}}
- to:
    - namespaceSelector:
        matchLabels:
          kubernetes.io/metadata.name: kube-system
      podSelector:
        matchLabels:
          k8s-app: kube-dns
  ports:
    - protocol: UDP
      port: 53
    - protocol: TCP
      port: 53
- to:
    - podSelector:
        matchLabels:
          {{- include "cdp-lib.selectorLabels" (list . "server") | nindent 10 }}
  ports:
    - protocol: TCP
      port: http
{{- range $name, $destination := .Values.networkPolicy.egress }}
# {{ $name }}
- to:
    {{- range $destination.cidrs }}
    - ipBlock:
        cidr: {{ . }}
        {{- with $destination.except }}
        except:
          {{- toYaml . | nindent 10 }}
        {{- end }}
    {{- end }}
  ports:
    {{- range $destination.ports }}
    - protocol: TCP
      port: {{ . }}
    {{- end }}
{{- end }}
{{- end -}}
