{{- /* Connections to PostgreSQL that a process of a service opens at most, beside those that settings count: the journal's, the
consumers' and the log's. tests/e2e/test_connections.py holds them to what the processes say of themselves. */ -}}
{{- define "lotura.fixedConnections" -}}
directory: 11
accounts: 12
sales: 12
communications: 13
analytics: 12
{{- end -}}

{{- /* Of one process: (dict "root" $ "name" "sales" "service" its values). */ -}}
{{- define "lotura.connectionsOfOne" -}}
{{- $given := mergeOverwrite (deepCopy .root.Values.settings) .service.settings -}}
{{- $number := dict "read-connections" 4 "list-connections" 4 "write-connections" 2 "import-connections" 1 "event-readers" 2 -}}
{{- $number = mergeOverwrite $number (pick $given "read-connections" "list-connections" "write-connections" "import-connections" "event-readers") -}}
{{- $fixed := get (include "lotura.fixedConnections" .root | fromYaml) .name -}}
{{- add $fixed (get $number "read-connections") (mul 2 (get $number "list-connections")) (get $number "write-connections") (get $number "import-connections") (get $number "event-readers") -}}
{{- end -}}

{{- /* Of all at the worst moment: each service at its most replicas, and one more while it is upgraded. */ -}}
{{- define "lotura.connections" -}}
{{- $root := . -}}
{{- $all := 0 -}}
{{- range $name, $service := include "lotura.services" . | fromYaml -}}
{{- $most := ternary $service.autoscaling.maxReplicas $service.replicas $service.autoscaling.enabled -}}
{{- $one := include "lotura.connectionsOfOne" (dict "root" $root "name" $name "service" $service) | int -}}
{{- $all = add $all (mul $one (add $most 1)) -}}
{{- end -}}
{{- $all -}}
{{- end -}}
