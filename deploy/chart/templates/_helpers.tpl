{{/* Labels of every object. Selectors have `app.kubernetes.io/name` alone, which never changes. */}}
{{- define "pointsman.labels" -}}
app.kubernetes.io/part-of: pointsman
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "pointsman.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}
{{- end -}}
{{- end -}}
{{- end }}

{{/* What pods of all kinds have: who pulls, and where they run. */}}
{{- define "pointsman.placement" -}}
{{- if .Values.priorityClass.name }}
priorityClassName: {{ .Values.priorityClass.name }}
{{- end }}
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
{{- range . }}
- name: {{ . }}
{{- end }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* A container says who it is. */}}
{{- define "pointsman.env" -}}
- name: POD_NAME
  valueFrom: {fieldRef: {fieldPath: metadata.name}}
- name: POD_NAMESPACE
  valueFrom: {fieldRef: {fieldPath: metadata.namespace}}
- name: POINTSMAN_POD
  value: $(POD_NAMESPACE)/$(POD_NAME)
{{- end }}

{{/* Numbers in YAML are floats to a template: 2000000 would be written 2e+06. */}}
{{- define "pointsman.scalar" -}}
{{- if kindIs "float64" . -}}{{ printf "%d" (int64 .) }}{{- else -}}{{ . }}{{- end -}}
{{- end }}

{{/* What the schema cannot say, all of it at once. */}}
{{- define "pointsman.check" -}}
{{- $faults := list -}}
{{- $ports := .Values.ports -}}
{{- if ne 3 (len (uniq (list (int $ports.otlpGrpc) (int $ports.otlpHttp) (int $ports.metrics)))) -}}
{{- $faults = append $faults (printf "ports: otlpGrpc %d, otlpHttp %d and metrics %d: give each a port of its own" (int $ports.otlpGrpc) (int $ports.otlpHttp) (int $ports.metrics)) -}}
{{- end -}}
{{- if and .Values.priorityClass.create (not .Values.priorityClass.name) -}}
{{- $faults = append $faults "priorityClass.name: a class that is made needs a name: give one, or set priorityClass.create to false" -}}
{{- end -}}
{{- if and .Values.serviceMonitor.create (not .Values.scrapers) -}}
{{- $faults = append $faults "scrapers: serviceMonitor.create is true, and nobody may read /metrics: list the account of that Prometheus, as {namespace: monitoring, name: prometheus}" -}}
{{- end -}}
{{- range $name := list "legacyMetrics" "readSecrets" "scrape" -}}
{{- if and (index $.Values.watch $name) (not $.Values.watch.create) -}}
{{- $faults = append $faults (printf "watch.%s: there are no watchers: set watch.create to true, or leave it false" $name) -}}
{{- end -}}
{{- end -}}
{{- if and .Values.tls.serviceCa .Values.watch.create (ne .Values.watch.caKey "service-ca.crt") -}}
{{- $faults = append $faults (printf "watch.caKey: %s: with tls.serviceCa OpenShift writes the key service-ca.crt: set that" .Values.watch.caKey) -}}
{{- end -}}
{{- if $faults -}}
{{- fail (printf "\n\n%d of the values do not go together:\n  - %s\n" (len $faults) (join "\n  - " $faults)) -}}
{{- end -}}
{{- end }}
