{{- define "lotura.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "lotura.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains (include "lotura.name" .) .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "lotura.name" .) | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- /* Of a component: (dict "root" $ "component" "sales"). What never changes, for selectors. */ -}}
{{- define "lotura.selector" -}}
app.kubernetes.io/name: {{ include "lotura.name" .root }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{- define "lotura.labels" -}}
{{ include "lotura.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/part-of: lotura
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "lotura.annotations" -}}
{{- with .Values.commonAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "lotura.image" -}}
{{- $image := .root.Values.image -}}
{{- $path := printf "%s-%s" $image.repository .component -}}
{{- if $image.registry }}{{ $path = printf "%s/%s" $image.registry $path }}{{ end -}}
{{- $digest := get $image.digests .component -}}
{{- if $digest -}}
{{ printf "%s@%s" $path $digest }}
{{- else -}}
{{ printf "%s:%s" $path (default .root.Chart.AppVersion $image.tag) }}
{{- end -}}
{{- end -}}

{{- define "lotura.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{ default (include "lotura.fullname" .) .Values.serviceAccount.name }}
{{- else -}}
{{ default "default" .Values.serviceAccount.name }}
{{- end -}}
{{- end -}}

{{- /* The services that run, as YAML: each with what it does not say itself from `defaults`. */ -}}
{{- define "lotura.services" -}}
{{- range $name, $own := .Values.services -}}
{{- $service := mergeOverwrite (deepCopy $.Values.defaults) (default (dict) $own) -}}
{{- if $service.enabled }}
{{ $name }}:
  {{- toYaml $service | nindent 2 }}
{{- end -}}
{{- end -}}
{{- end -}}

{{- /* Of a pod, as the restricted standard wants it. */ -}}
{{- define "lotura.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "lotura.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end -}}

{{- /* What must be said, in one line for each thing that is missing. */ -}}
{{- define "lotura.check" -}}
{{- $missing := list -}}
{{- $v := .Values -}}
{{- if not $v.postgresql.host }}{{ $missing = append $missing "postgresql.host: where PostgreSQL is" }}{{ end -}}
{{- if not $v.postgresql.password.secret }}{{ $missing = append $missing "postgresql.password.secret: the Secret with the role's password" }}{{ end -}}
{{- if not $v.kafka.brokers }}{{ $missing = append $missing "kafka.brokers: where Kafka is, host:port,host:port" }}{{ end -}}
{{- if and (hasPrefix "sasl" $v.kafka.protocol) (not $v.kafka.passwords.secret) }}{{ $missing = append $missing "kafka.passwords.secret: the Secret with a password for each user" }}{{ end -}}
{{- if not $v.redis.address }}{{ $missing = append $missing "redis.address: where Redis is" }}{{ end -}}
{{- if not $v.tokens.issuers }}{{ $missing = append $missing "tokens.issuers: whose tokens are accepted" }}{{ end -}}
{{- if not $v.tokens.pageTokenKeys.secret }}{{ $missing = append $missing "tokens.pageTokenKeys.secret: the Secret with the keys of page tokens" }}{{ end -}}
{{- if and (not $v.audit.key.secret) (ne (get $v.settings "environment" | default "production") "development") }}{{ $missing = append $missing "audit.key.secret: the Secret with the key that seals the journal" }}{{ end -}}
{{- if and (eq $v.tls.mode "certManager") (not $v.tls.issuer.name) }}{{ $missing = append $missing "tls.issuer.name: the issuer of the certificate; or set tls.mode" }}{{ end -}}
{{- if and (eq $v.tls.mode "secret") (not $v.tls.secret) }}{{ $missing = append $missing "tls.secret: the Secret with the certificate" }}{{ end -}}
{{- if and $v.servicePrincipals (not $v.tls.callerAuthorities.secret) }}{{ $missing = append $missing "tls.callerAuthorities.secret: without it no caller has a certificate, and servicePrincipals says nothing" }}{{ end -}}
{{- if $missing }}{{ fail (printf "\n\nThe chart needs to know:\n  %s\n" (join "\n  " $missing)) }}{{ end -}}
{{- end -}}
