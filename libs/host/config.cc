#include "libs/host/config.h"

#include "libs/base/address.h"
#include "libs/tenants/purge_step.h"

namespace lotura::host {

void Config::Declare(Options& options) {
  options.RequiredConfidential({"postgres", "PostgreSQL, as a libpq connection string"}, postgres);
  options.Confidential({"postgres-password", "password of the role, if that string has none"},
                       postgres_password);
  options.RequiredText({"kafka-brokers", "Kafka, as host:port,host:port"}, kafka_brokers);
  options.Choice({"kafka-protocol", "how Kafka is reached"}, kafka_protocol,
                 {"plaintext", "ssl", "sasl_plaintext", "sasl_ssl"});
  options.Choice({"kafka-sasl-mechanism", "how the user of Kafka proves who it is"},
                 kafka_sasl_mechanism, {"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"});
  options.Text({"kafka-username", "user of Kafka, with SASL"}, kafka_username);
  options.Confidential({"kafka-password", "password of the user of Kafka"}, kafka_password);
  options.Text({"kafka-ca-file", "certificates that Kafka's may be signed by; empty: the system's"},
               kafka_ca_file);
  options.RequiredText({"redis", "Redis, as unix:/path or host:port"}, redis);
  options.Choice({"redis-plain-tcp",
                  "whether Redis may be reached without a socket or a mesh: hiredis speaks no TLS"},
                 redis_plain_tcp, {"loopback-only", "allowed"});
  options.Confidential({"redis-password", "password of the Redis user"}, redis_password);
  options.Number({"cache-seconds",
                  "how long a record is kept in Redis; five seconds more bound what may be stale "
                  "after a write of which Redis could not be told",
                  "s"},
                 cache_seconds, {1, 600});
  DeclareEdge(options);
  DeclareTls(options);
  DeclareAudit(options);
  DeclareSizes(options);
  DeclareEvents(options);
  DeclareTenants(options);
}

void Config::DeclareEdge(Options& options) {
  options.Text({"grpc-listen", "where gRPC is served, as address:port; port 0 takes a free one"},
               grpc_listen);
  options.Text({"http-listen", "where /metrics, /livez and /readyz are served"}, http_listen);
  options.RequiredText({"token-issuers", "file that says whose tokens are accepted, in JSON"},
                       token_issuers);
  options.Text({"quotas",
                "file that says how many calls tenants and callers may make, in JSON; empty: as "
                "many as they like"},
               quotas);
  options.RequiredText(
      {"page-token-keys",
       "file with one or two lines keyid:base64-of-32-bytes, the same on all replicas"},
      page_token_keys);
  options.Choice(
      {"environment", "development needs neither durable commits nor a standby nor an audit-key"},
      environment, {"production", "development"});
  options.Choice({"reflection", "whether gRPC reflection is served to valid tokens"}, reflection,
                 {"on", "off"});
  options.Choice({"log-level", "the least important lines that are written"}, log_level,
                 {"debug", "info", "warning", "error"});
  options.Number({"log-ok-every", "every how many successful calls one is logged; 0: none"},
                 log_ok_every, {0, 1'000'000});
}

void Config::DeclareAudit(Options& options) {
  options.Text(
      {"audit-key",
       "file with the private key (Ed25519, PEM) that seals the journal; without it, which "
       "only development may be, nothing is sealed"},
      audit_key);
  options.Text({"audit-archive",
                "where the sealed journal is kept before its days are dropped: a directory, or "
                "s3://bucket/prefix; empty: nowhere"},
               audit_archive);
  options.Text({"audit-archive-endpoint",
                "of s3: such as https://s3.eu-central-1.amazonaws.com; http on this machine alone"},
               audit_archive_endpoint);
  options.Text({"audit-archive-region", "of s3: such as eu-central-1"}, audit_archive_region);
  options.Text({"audit-archive-key-id", "of s3: id of the access key"}, audit_archive_key_id);
  options.Confidential({"audit-archive-secret", "of s3: the access key"}, audit_archive_secret);
  options.Number({"audit-archive-minutes", "how often what is sealed is archived", "min"},
                 audit_archive_minutes, {1, 1440});
  options.Choice({"read-audit",
                  "of which records it is noted who was shown them: of those of which a personal "
                  "field was shown, of all, or of none"},
                 read_audit, {"personal", "all", "off"});
  options.Number({"read-audit-days", "how long it is kept who was shown what", "days"},
                 read_audit_days, {2, 3650});
}

void Config::DeclareTls(Options& options) {
  options.Text({"grpc-certificate-file",
                "certificate of this process, with those that lead to a root, in PEM; empty: gRPC "
                "is plain text"},
               grpc_certificate_file);
  options.Text({"grpc-key-file", "private key of the certificate, in PEM"}, grpc_key_file);
  options.Text({"grpc-client-ca-file",
                "certificates that those of callers must be signed by, in PEM; empty: callers need "
                "none"},
               grpc_client_ca_file);
  options.Number(
      {"grpc-certificate-seconds", "how often it is looked whether these files have changed", "s"},
      grpc_certificate_seconds, {1, 3600});
  options.Choice({"grpc-plaintext",
                  "whether gRPC may be served beyond this machine without a certificate: where a "
                  "mesh encrypts"},
                 grpc_plaintext, {"loopback-only", "allowed"});
  options.Text({"service-principals",
                "file that says which certificates are of services and what those may do, in JSON; "
                "empty: every caller needs a token"},
               service_principals);
}

void Config::DeclareSizes(Options& options) {
  options.Number({"read-connections", "connections to PostgreSQL for reading, for each service"},
                 read_connections, {1, 64});
  options.Number({"list-connections", "connections to PostgreSQL for lists, for each service"},
                 list_connections, {1, 64});
  options.Number({"write-connections", "connections to PostgreSQL for writing, for each service"},
                 write_connections, {1, 64});
  options.Number({"import-connections",
                  "connections to PostgreSQL for imports, for each service with records to import"},
                 import_connections, {1, 16});
  options.Number({"executor-threads", "calls that are handled at the same time"}, executor_threads,
                 {1, 256});
  options.Number({"executor-queue-max", "calls that may wait for a thread"}, executor_queue_max,
                 {1, 100'000});
  options.Number(
      {"drain-announce-ms", "how long load balancers get to notice that the process stops", "ms"},
      drain_announce_ms, {0, 120'000});
  options.Number({"drain-calls-ms", "how long calls in flight are awaited at the end", "ms"},
                 drain_calls_ms, {0, 600'000});
}

void Config::DeclareEvents(Options& options) {
  options.Number(
      {"topic-partitions", "partitions of each service's topic; never changed by a restart"},
      topic_partitions, {1, 1000});
  options.Number({"topic-replicas", "brokers that hold a copy of each record"}, topic_replicas,
                 {1, 7});
  options.Number(
      {"topic-replicas-in-sync", "copies that must exist before an event counts as published"},
      topic_replicas_in_sync, {1, 7});
  options.Number(
      {"topic-retention-days",
       "how long topics that are created keep events; 0: as long as the journal", "days"},
      topic_retention_days, {0, 3650});
  options.Number({"journal-days", "how long the journal is kept", "days"}, journal_days, {2, 3650});
  options.Number({"event-subscribers-max", "streams of events, for each service"},
                 event_subscribers_max, {0, 100'000});
  options.Number({"event-readers",
                  "threads, each with a connection to PostgreSQL, that read for subscribers who "
                  "are behind, for each service"},
                 event_readers, {1, 64});
  options.Number({"event-ring-events",
                  "the newest events that are in memory for subscribers, for each service"},
                 event_ring_events, {1, 1'000'000});
  options.Number({"event-ring-mib", "what these events may take", "MiB"}, event_ring_mib,
                 {1, 4096});
  options.Number({"event-heartbeat-ms", "how long a stream of events is silent at most", "ms"},
                 event_heartbeat_ms, {100, 600'000});
}

cache::RedisOptions Config::RedisOptions() const {
  cache::RedisOptions options;
  options.address = redis;
  options.password = redis_password;
  options.ttl_max = std::chrono::seconds(cache_seconds);
  options.plain_tcp = RedisPlainTcp();
  return options;
}

void Config::DeclareTenants(Options& options) {
  options.Text({"operator-tenant",
                "tenant from which the installation is run, as a UUID: its records say which "
                "others are served; empty: every tenant that an issuer speaks for is served"},
               operator_tenant);
  options.Number(
      {"tenant-grace-days",
       "how long a deleted tenant can be undeleted, before all of it is removed; told to "
       "directory alone",
       "days"},
      tenant_grace_days, {0, 3650});
  options.Number({"tenant-settle-seconds",
                  "how long nothing of a removed tenant must have been found before it is gone for "
                  "good: longer than what was on its way may take; less than 90 in development "
                  "alone",
                  "seconds"},
                 tenant_settle_seconds, {1, 86'400});
}

std::optional<TenantId> Config::OperatorTenant() const {
  const std::optional<Uuid> id = Uuid::Parse(operator_tenant);
  return id.has_value() ? std::optional(TenantId{*id}) : std::nullopt;
}

events::KafkaOptions Config::KafkaOptions() const {
  events::KafkaOptions kafka{.brokers = kafka_brokers};
  kafka.security["security.protocol"] = kafka_protocol;
  if (UsesSasl()) {
    kafka.security["sasl.mechanisms"] = kafka_sasl_mechanism;
    kafka.username = kafka_username;
    kafka.password = kafka_password;
  }
  if (UsesTls() && !kafka_ca_file.empty()) kafka.security["ssl.ca.location"] = kafka_ca_file;
  return kafka;
}

void Config::CheckKafka(Violations& violations) const {
  if (topic_replicas_in_sync > topic_replicas) {
    violations.Add("topic-replicas-in-sync", "SETTING_INVALID",
                   "more copies than topic-replicas: nothing could be published");
  }
  if (UsesSasl() && (kafka_username.empty() || kafka_password.empty())) {
    violations.Add("kafka-username", "SETTING_MISSING",
                   "SASL needs kafka-username and kafka-password");
  }
  if (!UsesSasl() && !(kafka_username.empty() && kafka_password.empty())) {
    violations.Add("kafka-username", "SETTING_INVALID", "is of no use without SASL");
  }
  if (!UsesTls() && !kafka_ca_file.empty()) {
    violations.Add("kafka-ca-file", "SETTING_INVALID", "is of no use without TLS");
  }
}

void Config::CheckGrpc(Violations& violations) const {
  const bool is_encrypted = !grpc_certificate_file.empty();
  if (is_encrypted && grpc_key_file.empty())
    violations.Add("grpc-key-file", "SETTING_MISSING", "a certificate needs its key");
  if (!is_encrypted && !grpc_key_file.empty())
    violations.Add("grpc-key-file", "SETTING_INVALID", "is of no use without a certificate");
  if (!is_encrypted && !grpc_client_ca_file.empty())
    violations.Add("grpc-client-ca-file", "SETTING_INVALID", "is of no use without a certificate");
  if (!service_principals.empty() && grpc_client_ca_file.empty()) {
    violations.Add("service-principals", "SETTING_INVALID",
                   "without grpc-client-ca-file no caller has a certificate");
  }
  if (!is_encrypted && grpc_plaintext != "allowed" && !StaysOnMachine(grpc_listen)) {
    violations.Add("grpc-listen", "SETTING_INVALID",
                   "leaves this machine in plain text: give grpc-certificate-file, or "
                   "grpc-plaintext=allowed where a mesh encrypts");
  }
  if (is_encrypted && !IsUnixSocket(grpc_listen) && !IsNumericHost(HostOf(grpc_listen))) {
    violations.Add("grpc-listen", "SETTING_INVALID",
                   "with a certificate the host is a number, such as 0.0.0.0");
  }
}

void Config::CheckRedis(Violations& violations) const {
  // What is missing is told by who reads the settings.
  if (redis.empty()) return;
  const auto endpoint = cache::RedisEndpoint::Parse(redis, RedisPlainTcp());
  for (const FieldViolation& wrong : ViolationsOf(endpoint.status()))
    violations.Add("redis", "SETTING_INVALID", wrong.description);
}

void Config::CheckAudit(Violations& violations) const {
  if (!IsDevelopment() && audit_key.empty())
    violations.Add("audit-key", "SETTING_MISSING", "a journal that is not sealed proves nothing");
  if (audit_archive.empty()) return;
  if (IsDevelopment() && audit_key.empty())
    violations.Add("audit-key", "SETTING_MISSING", "only what is sealed is archived");
  const auto store = audit::OpenStore(ArchiveStore());
  if (!store.ok()) violations.Add("audit-archive", "SETTING_INVALID", Message(store.status()));
}

void Config::CheckTenants(Violations& violations) const {
  if (!operator_tenant.empty() && !OperatorTenant().has_value())
    violations.Add("operator-tenant", "SETTING_INVALID", "is not a UUID of 36 characters");
  if (tenant_grace_days == 0 && !IsDevelopment())
    violations.Add("tenant-grace-days", "SETTING_INVALID",
                   "without a grace a deleted tenant is lost at once; only development may do so");
  const bool settles =
      std::chrono::seconds(tenant_settle_seconds) >= tenants::PurgeOptions().settle;
  if (!settles && !IsDevelopment())
    violations.Add("tenant-settle-seconds", "SETTING_INVALID",
                   "what is on its way may take longer; only development may wait so little");
}

absl::Status Config::Validate() const {
  Violations violations;
  CheckKafka(violations);
  CheckGrpc(violations);
  CheckRedis(violations);
  CheckAudit(violations);
  CheckTenants(violations);
  return violations.ToStatus();
}

}  // namespace lotura::host
