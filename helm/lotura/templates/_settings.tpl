{{- /* Where everything that pods read is mounted. */ -}}
{{- define "lotura.mount" -}}/run/lotura{{- end -}}

{{- /* The keywords of libpq, of a role: (dict "root" $ "role" "lotura"). The password lies in a file. */ -}}
{{- define "lotura.postgresql" -}}
{{- $pg := .root.Values.postgresql -}}
host={{ $pg.host }} port={{ $pg.port }} dbname={{ $pg.database }} user={{ .role }} sslmode={{ $pg.sslMode }}
{{- if ne $pg.sslMode "disable" }} sslrootcert=
{{- if $pg.caCertificates.secret }}{{ include "lotura.mount" . }}/postgresql/ca.crt{{ else }}/etc/ssl/certs/ca-certificates.crt{{ end }}
{{- end -}}
{{- end -}}

{{- /* What the chart itself says of every service, as YAML: setting by setting. */ -}}
{{- define "lotura.ownSettings" -}}
{{- $v := .Values -}}
{{- $mount := include "lotura.mount" . -}}
postgres: {{ include "lotura.postgresql" (dict "root" . "role" $v.postgresql.role) | quote }}
postgres-password-file: {{ $mount }}/postgresql/password
kafka-brokers: {{ $v.kafka.brokers | quote }}
kafka-protocol: {{ $v.kafka.protocol }}
{{- if hasPrefix "sasl" $v.kafka.protocol }}
kafka-sasl-mechanism: {{ $v.kafka.mechanism }}
kafka-password-file: {{ $mount }}/kafka/password
{{- end }}
{{- if $v.kafka.caCertificates.secret }}
kafka-ca-file: {{ $mount }}/kafka/ca.crt
{{- end }}
topic-partitions: {{ $v.kafka.topics.partitions }}
topic-replicas: {{ $v.kafka.topics.replicas }}
topic-replicas-in-sync: {{ $v.kafka.topics.replicasInSync }}
redis: {{ $v.redis.address | quote }}
redis-plain-tcp: {{ $v.redis.plainTcp }}
{{- if $v.redis.password.secret }}
redis-password-file: {{ $mount }}/redis/password
{{- end }}
grpc-listen: 0.0.0.0:7443
http-listen: 0.0.0.0:7480
{{- if eq $v.tls.mode "mesh" }}
grpc-plaintext: allowed
{{- else }}
grpc-certificate-file: {{ $mount }}/tls/tls.crt
grpc-key-file: {{ $mount }}/tls/tls.key
{{- if $v.tls.callerAuthorities.secret }}
grpc-client-ca-file: {{ $mount }}/tls/callers.crt
{{- end }}
{{- end }}
token-issuers: {{ $mount }}/settings/issuers.json
page-token-keys: {{ $mount }}/tokens/page-token-keys
{{- if $v.quotas }}
quotas: {{ $mount }}/settings/quotas.json
{{- end }}
{{- if $v.servicePrincipals }}
service-principals: {{ $mount }}/settings/services.json
{{- end }}
{{- if $v.audit.key.secret }}
audit-key: {{ $mount }}/audit/audit.pem
{{- end }}
read-audit: {{ $v.audit.reads | quote }}
{{- with $v.audit.archive }}
{{- if .place }}
audit-archive: {{ .place | quote }}
{{- end }}
{{- if hasPrefix "s3://" .place }}
audit-archive-endpoint: {{ .endpoint | quote }}
audit-archive-region: {{ .region | quote }}
audit-archive-key-id: {{ .keyId | quote }}
audit-archive-secret-file: {{ $mount }}/audit/archive-secret
{{- end }}
{{- end }}
drain-announce-ms: {{ mul $v.drain.announceSeconds 1000 }}
drain-calls-ms: {{ mul $v.drain.callSeconds 1000 }}
{{- end -}}

{{- /* The variables of a service: (dict "root" $ "name" "sales" "service" its values). */ -}}
{{- define "lotura.environment" -}}
{{- $own := include "lotura.ownSettings" .root | fromYaml -}}
{{- if hasPrefix "sasl" .root.Values.kafka.protocol -}}
{{- $_ := set $own "kafka-username" (default .name .service.kafkaUser) -}}
{{- end -}}
{{- $given := mergeOverwrite (deepCopy .root.Values.settings) .service.settings -}}
{{- range $setting, $_ := $given -}}
{{- if hasKey $own $setting -}}
{{- fail (printf "\n\nsettings: the chart sets %q itself, from values of its own" $setting) -}}
{{- end -}}
{{- end -}}
{{- range $setting, $value := merge $own $given }}
- name: LOTURA_{{ $setting | upper | replace "-" "_" }}
  value: {{ ternary (int64 $value | toString) (toString $value) (kindIs "float64" $value) | quote }}
{{- end }}
{{- end -}}

{{- /* One file of a projected volume out of a secret: (dict "secret" name "key" key "path" path). */ -}}
{{- define "lotura.file" -}}
- secret: {name: {{ .secret | quote }}, items: [{key: {{ .key | quote }}, path: {{ .path | quote }}}]}
{{- end -}}

{{- /* What a service reads: (dict "root" $ "name" "sales" "service" its values). */ -}}
{{- define "lotura.files" -}}
{{- $v := .root.Values -}}
{{ include "lotura.file" (merge (dict "path" "postgresql/password") $v.postgresql.password) }}
{{- with $v.postgresql.caCertificates }}{{ if .secret }}
{{ include "lotura.file" (merge (dict "path" "postgresql/ca.crt") .) }}
{{- end }}{{ end }}
{{- if hasPrefix "sasl" $v.kafka.protocol }}
{{ include "lotura.file" (dict "path" "kafka/password" "secret" $v.kafka.passwords.secret "key" (default .name .service.kafkaUser)) }}
{{- end }}
{{- with $v.kafka.caCertificates }}{{ if .secret }}
{{ include "lotura.file" (merge (dict "path" "kafka/ca.crt") .) }}
{{- end }}{{ end }}
{{- with $v.redis.password }}{{ if .secret }}
{{ include "lotura.file" (merge (dict "path" "redis/password") .) }}
{{- end }}{{ end }}
{{ include "lotura.file" (merge (dict "path" "tokens/page-token-keys") $v.tokens.pageTokenKeys) }}
{{- with $v.audit.key }}{{ if .secret }}
{{ include "lotura.file" (merge (dict "path" "audit/audit.pem") .) }}
{{- end }}{{ end }}
{{- if hasPrefix "s3://" $v.audit.archive.place }}
{{ include "lotura.file" (merge (dict "path" "audit/archive-secret") $v.audit.archive.secret) }}
{{- end }}
{{- if ne $v.tls.mode "mesh" }}
- secret:
    name: {{ ternary $v.tls.secret (printf "%s-tls" (include "lotura.fullname" .root)) (eq $v.tls.mode "secret") | quote }}
    items: [{key: tls.crt, path: tls/tls.crt}, {key: tls.key, path: tls/tls.key}]
{{- with $v.tls.callerAuthorities }}{{ if .secret }}
{{ include "lotura.file" (merge (dict "path" "tls/callers.crt") .) }}
{{- end }}{{ end }}
{{- end }}
- configMap:
    name: {{ include "lotura.fullname" .root }}-settings
    items:
      - {key: issuers.json, path: settings/issuers.json}
      {{- if $v.quotas }}
      - {key: quotas.json, path: settings/quotas.json}
      {{- end }}
      {{- if $v.servicePrincipals }}
      - {key: services.json, path: settings/services.json}
      {{- end }}
{{- end -}}
