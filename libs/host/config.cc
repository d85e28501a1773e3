#include "libs/host/config.h"

#include "libs/base/errors.h"

namespace lotura::host {

void Config::Declare(Options& options) {
  options.RequiredText({"postgres", "PostgreSQL, as a libpq connection string", "", Secret::kYes},
                       postgres);
  options.RequiredText({"kafka-brokers", "Kafka, as host:port,host:port"}, kafka_brokers);
  options.Choice({"kafka-protocol", "how Kafka is reached"}, kafka_protocol,
                 {"plaintext", "ssl", "sasl_plaintext", "sasl_ssl"});
  options.Choice({"kafka-sasl-mechanism", "how the user of Kafka proves who it is"},
                 kafka_sasl_mechanism, {"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"});
  options.Text({"kafka-username", "user of Kafka, with SASL"}, kafka_username);
  options.Text({"kafka-password", "password of the user of Kafka", "", Secret::kYes},
               kafka_password);
  options.Text({"kafka-ca-file", "certificates that Kafka's may be signed by; empty: the system's"},
               kafka_ca_file);
  options.RequiredText({"redis", "Redis, as unix:/path or host:port"}, redis);
  options.Choice({"redis-plain-tcp",
                  "whether Redis may be reached without a socket or a mesh: hiredis speaks no TLS"},
                 redis_plain_tcp, {"loopback-only", "allowed"});
  options.Text({"redis-password", "password of the Redis user", "", Secret::kYes}, redis_password);
  options.Number({"cache-seconds",
                  "how long a record is kept in Redis; five seconds more bound what may be stale "
                  "after a write of which Redis could not be told",
                  "s"},
                 cache_seconds, {1, 600});
  DeclareEdge(options);
  DeclareSizes(options);
  DeclareEvents(options);
}

void Config::DeclareEdge(Options& options) {
  options.Text({"grpc-listen", "where gRPC is served, as address:port; port 0 takes a free one"},
               grpc_listen);
  options.Text({"http-listen", "where /metrics, /livez and /readyz are served"}, http_listen);
  options.RequiredText({"token-issuers", "file that says whose tokens are accepted, in JSON"},
                       token_issuers);
  options.RequiredText(
      {"page-token-keys",
       "file with one or two lines keyid:base64-of-32-bytes, the same on all replicas"},
      page_token_keys);
  options.Choice({"environment", "development needs neither durable commits nor a standby"},
                 environment, {"production", "development"});
  options.Choice({"reflection", "whether gRPC reflection is served to valid tokens"}, reflection,
                 {"on", "off"});
  options.Choice({"log-level", "the least important lines that are written"}, log_level,
                 {"debug", "info", "warning", "error"});
  options.Number({"log-ok-every", "every how many successful calls one is logged; 0: none"},
                 log_ok_every, {0, 1'000'000});
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

std::map<std::string, std::string> Config::KafkaSecurity() const {
  std::map<std::string, std::string> security{{"security.protocol", kafka_protocol}};
  if (UsesSasl()) {
    security["sasl.mechanisms"] = kafka_sasl_mechanism;
    security["sasl.username"] = kafka_username;
    security["sasl.password"] = kafka_password;
  }
  if (UsesTls() && !kafka_ca_file.empty()) security["ssl.ca.location"] = kafka_ca_file;
  return security;
}

absl::Status Config::Validate() const {
  Violations violations;
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
  return violations.ToStatus();
}

}  // namespace lotura::host
