{{- define "headwater.name" -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- end }}

{{- define "headwater.labels" -}}
app.kubernetes.io/name: headwater
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{/* Given (dict "root" $ "role" "api"). */}}
{{- define "headwater.selector" -}}
app.kubernetes.io/name: headwater
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .role }}
{{- end }}

{{- define "headwater.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{ default (include "headwater.name" .) .Values.serviceAccount.name }}
{{- else -}}
{{ default "default" .Values.serviceAccount.name }}
{{- end -}}
{{- end }}

{{- define "headwater.secret" -}}
{{ required "secret.existingSecret is missing: the name of a Secret with api-key, token-secret, redis-url and postgres-url" .Values.secret.existingSecret }}
{{- end }}

{{/* HEADWATER_SECTION__SOME_KEY of "section.someKey". */}}
{{- define "headwater.variable" -}}
{{- $parts := list -}}
{{- range splitList "." . }}{{ $parts = append $parts (. | snakecase | upper) }}{{ end -}}
HEADWATER_{{ join "__" $parts }}
{{- end }}

{{/* A nested map as variables, one line each: lists by commas, everything else as text. Given (dict "path" "" "values" .). */}}
{{- define "headwater.variables" -}}
{{- $path := .path -}}
{{- range $key, $value := .values }}
{{- $name := ternary $key (printf "%s.%s" $path $key) (eq $path "") }}
{{- if kindIs "map" $value }}
{{- include "headwater.variables" (dict "path" $name "values" $value) }}
{{- else if kindIs "slice" $value }}
{{- if $value }}
{{ include "headwater.variable" $name }}: {{ join "," $value | quote }}
{{- end }}
{{- else if kindIs "float64" $value }}
{{ include "headwater.variable" $name }}: {{ $value | int64 | quote }}
{{- else if not (kindIs "invalid" $value) }}
{{ include "headwater.variable" $name }}: {{ $value | toString | quote }}
{{- end }}
{{- end }}
{{- end }}

{{/* Seconds that a pod may take to stop: until it is no longer called, its sockets' drain, its requests, and what is folded. */}}
{{- define "headwater.graceSeconds" -}}
{{- $drainMs := dig "gateway" "drainMs" 10000 .Values.config | int64 -}}
{{- $requestMs := dig "http" "requestTimeoutMs" 10000 .Values.config | int64 -}}
{{- add .Values.preStopSeconds (divf (add $drainMs $requestMs) 1000 | ceil | int64) 30 -}}
{{- end }}

{{- define "headwater.namespaceOfData" -}}
{{ dig "cluster" "namespace" "headwater" .Values.config }}
{{- end }}

{{/* What cannot work is refused before anything is changed. */}}
{{- define "headwater.check" -}}
{{- if not (dig "kafka" "brokers" list .Values.config) }}{{ fail "config.kafka.brokers is empty: addresses as in kafka-0.kafka:9092" }}{{ end -}}
{{- if not (dig "cassandra" "contactPoints" list .Values.config) }}{{ fail "config.cassandra.contactPoints is empty: addresses as in cassandra-0.cassandra:9042" }}{{ end -}}
{{- $partitions := dig "kafka" "partitions" 512 .Values.config | int64 -}}
{{- $workers := ternary .Values.worker.autoscaling.maxReplicas .Values.worker.replicas .Values.worker.autoscaling.enabled | int64 -}}
{{- if gt $workers $partitions }}{{ fail (printf "%d workers share %d partitions: some would have nothing to do" $workers $partitions) }}{{ end -}}
{{- $sockets := dig "gateway" "maxSockets" 50000 .Values.config | int64 -}}
{{- if gt (.Values.gateway.autoscaling.socketsPerPod | int64) $sockets }}{{ fail (printf "gateway.autoscaling.socketsPerPod is above config.gateway.maxSockets (%d): pods would refuse sockets before more are started" $sockets) }}{{ end -}}
{{- end }}
