#include "libs/host/config.h"

namespace lotura::host {

void Config::Declare(Options& options) {
  options.RequiredText({"postgres", "PostgreSQL, as a libpq connection string", "", Secret::kYes},
                       postgres);
  options.RequiredText({"kafka-brokers", "Kafka, as host:port,host:port"}, kafka_brokers);
  options.RequiredText({"redis", "Redis, as unix:/path or host:port"}, redis);
  options.Choice({"redis-plain-tcp",
                  "whether Redis may be reached without a socket or a mesh: hiredis speaks no TLS"},
                 redis_plain_tcp, {"loopback-only", "allowed"});
  options.Text({"redis-password", "password of the Redis user", "", Secret::kYes}, redis_password);
  options.Text({"grpc-listen", "where gRPC is served, as address:port; port 0 takes a free one"},
               grpc_listen);
  options.Text({"http-listen", "where /metrics, /livez and /readyz are served"}, http_listen);
  options.RequiredText({"token-issuer", "the issuer (iss) whose tokens are accepted"},
                       token_issuer);
  options.Text({"token-audience", "the audience (aud) that a token must name"}, token_audience);
  options.RequiredText({"token-jwks", "the issuer's keys: a file or a URL of a JSON Web Key Set"},
                       token_jwks);
  options.RequiredText(
      {"page-token-keys",
       "file with one or two lines keyid:base64-of-32-bytes, the same on all replicas"},
      page_token_keys);
  options.Choice({"environment", "development accepts one broker and needs no standby"},
                 environment, {"production", "development"});
  options.Choice({"reflection", "whether gRPC reflection is served to valid tokens"}, reflection,
                 {"on", "off"});
  options.Choice({"log-level", "the least important lines that are written"}, log_level,
                 {"debug", "info", "warning", "error"});
  options.Number({"log-ok-every", "every how many successful calls one is logged; 0: none"},
                 log_ok_every, {0, 1'000'000});
  options.Number({"read-connections", "connections to PostgreSQL for reading, for each service"},
                 read_connections, {1, 64});
  options.Number({"write-connections", "connections to PostgreSQL for writing, for each service"},
                 write_connections, {1, 64});
  options.Number({"executor-threads", "calls that are handled at the same time"}, executor_threads,
                 {1, 256});
  options.Number({"executor-queue-max", "calls that may wait for a thread"}, executor_queue_max,
                 {1, 100'000});
  options.Number(
      {"topic-partitions", "partitions of each service's topic; never changed by a restart"},
      topic_partitions, {1, 1000});
  options.Number({"topic-replicas", "brokers that hold a copy of each record"}, topic_replicas,
                 {1, 7});
  options.Number(
      {"topic-replicas-in-sync", "copies that must exist before an event counts as published"},
      topic_replicas_in_sync, {1, 7});
  options.Number({"journal-days", "how long the journal is kept", "days"}, journal_days, {2, 3650});
  options.Number(
      {"drain-announce-ms", "how long load balancers get to notice that the process stops", "ms"},
      drain_announce_ms, {0, 120'000});
  options.Number({"drain-calls-ms", "how long calls in flight are awaited at the end", "ms"},
                 drain_calls_ms, {0, 600'000});
}

}  // namespace lotura::host
