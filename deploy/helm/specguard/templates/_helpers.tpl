{{/* A node has one agent, so names do not depend on the release. Labels may follow. */}}
{{- define "specguard.metadata" -}}
name: specguard
namespace: {{ .Release.Namespace }}
labels:
  app.kubernetes.io/name: specguard
{{- end }}

{{- define "specguard.image" -}}
{{- with .Values.image -}}
{{ .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end }}
{{- end }}

{{/* What the agent and the init container have in common: root without capabilities. */}}
{{- define "specguard.securityContext" -}}
runAsUser: 0
runAsGroup: 0
privileged: false
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
seccompProfile:
  type: RuntimeDefault
{{- with .Values.seLinuxOptions }}
seLinuxOptions:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "specguard.config" -}}
{{- $settings := include "specguard.settings" . -}}
{{- with .Values.config -}}
{{ toYaml (mustMergeOverwrite (fromYaml $settings) .) }}
{{- else -}}
{{ $settings }}
{{- end }}
{{- end }}

{{/* The agent's configuration by the values that its settings have. */}}
{{- define "specguard.settings" -}}
# docs/deployment.md has all settings and their defaults.
opener: {{ .Values.opener }}
existing: {{ .Values.existing }}
http: ":9464"
decisionLog: {{ .Values.decisionLog | quote }}
log: {level: {{ .Values.logLevel }}, format: json}
{{- with .Values.wrapper.prefix }}
hookPath: {{ clean (printf "%s/specguard-runtime" .) | quote }}
{{- end }}
host:
  root: /host
  kubeletDir: {{ .Values.kubeletDir }}
  {{- with .Values.runtimeDirs }}
  runtimeDirs: {{ toJson . }}
  {{- end }}
  {{- with .Values.bundles }}
  bundles: {{ toJson . }}
  {{- end }}
{{- end }}
