// The settings of a process that hosts services.
#pragma once

#include <absl/status/status.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <string>

#include "libs/base/options.h"

namespace lotura::host {

struct Config {
  std::string postgres;
  std::string kafka_brokers;
  std::string kafka_protocol = "plaintext";
  std::string kafka_sasl_mechanism = "SCRAM-SHA-512";
  std::string kafka_username;
  std::string kafka_password;
  std::string kafka_ca_file;
  std::string redis;
  std::string grpc_listen = "127.0.0.1:7443";
  std::string http_listen = "127.0.0.1:7480";
  std::string token_issuers;
  std::string page_token_keys;
  std::string environment = "production";
  std::string reflection = "on";
  std::string log_level = "info";
  std::string redis_plain_tcp = "loopback-only";
  std::string redis_password;
  std::int64_t cache_seconds = 60;
  std::int64_t log_ok_every = 1;
  std::int64_t read_connections = 4;
  std::int64_t list_connections = 4;
  std::int64_t write_connections = 2;
  std::int64_t import_connections = 1;
  std::int64_t executor_threads = 4;
  std::int64_t executor_queue_max = 1024;
  std::int64_t topic_partitions = 6;
  std::int64_t topic_replicas = 3;
  std::int64_t topic_replicas_in_sync = 2;
  std::int64_t topic_retention_days = 0;
  std::int64_t journal_days = 30;
  std::int64_t event_readers = 2;
  std::int64_t event_subscribers_max = 2'000;
  std::int64_t event_ring_events = 10'000;
  std::int64_t event_ring_mib = 16;
  std::int64_t event_heartbeat_ms = 10'000;
  std::int64_t drain_announce_ms = 5'000;
  std::int64_t drain_calls_ms = 10'000;

  // As long as the journal unless it is set.
  [[nodiscard]] std::chrono::hours TopicRetention() const {
    return std::chrono::days(topic_retention_days == 0 ? journal_days : topic_retention_days);
  }
  [[nodiscard]] bool IsDevelopment() const { return environment == "development"; }
  // What librdkafka is told of TLS and SASL.
  [[nodiscard]] std::map<std::string, std::string> KafkaSecurity() const;
  // INVALID_ARGUMENT if settings do not go together.
  [[nodiscard]] absl::Status Validate() const;
  // Declares every setting with this object's fields as targets.
  void Declare(Options& options);

 private:
  void DeclareEdge(Options& options);
  void DeclareSizes(Options& options);
  void DeclareEvents(Options& options);
  [[nodiscard]] bool UsesSasl() const { return kafka_protocol.starts_with("sasl"); }
  [[nodiscard]] bool UsesTls() const { return kafka_protocol.ends_with("ssl"); }
};

}  // namespace lotura::host
