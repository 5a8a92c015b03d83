{{- define "mesh-sync.selector" -}}
app.kubernetes.io/name: mesh-sync
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "mesh-sync.metadata" -}}
name: {{ .Release.Name }}
namespace: {{ .Release.Namespace }}
labels:
  {{- include "mesh-sync.labels" . | nindent 2 }}
{{- end }}

{{- define "mesh-sync.labels" -}}
{{ include "mesh-sync.selector" . }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version | replace "+" "_" }}
{{- end }}

{{- /* Of the whole cluster: two releases of one name may be in two namespaces. */}}
{{- define "mesh-sync.clusterName" -}}
{{ .Release.Namespace }}:{{ .Release.Name }}
{{- end }}
