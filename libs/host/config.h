// The settings of a process that hosts services.
#pragma once

#include <absl/status/status.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "libs/audit/object_store.h"
#include "libs/base/errors.h"
#include "libs/base/options.h"
#include "libs/base/uuid.h"
#include "libs/cache/redis_options.h"
#include "libs/events/kafka_bus.h"

namespace lotura::host {

struct Config {
  Secret postgres;
  Secret postgres_password;
  std::string kafka_brokers;
  std::string kafka_protocol = "plaintext";
  std::string kafka_sasl_mechanism = "SCRAM-SHA-512";
  std::string kafka_username;
  Secret kafka_password;
  std::string kafka_ca_file;
  std::string redis;
  std::string grpc_listen = "127.0.0.1:7443";
  std::string http_listen = "127.0.0.1:7480";
  std::string grpc_certificate_file;
  std::string grpc_key_file;
  std::string grpc_client_ca_file;
  std::string grpc_plaintext = "loopback-only";
  std::string token_issuers;
  std::string service_principals;
  std::string quotas;
  std::string page_token_keys;
  std::string audit_key;
  std::string read_audit = "personal";
  std::string audit_archive;
  std::string audit_archive_endpoint;
  std::string audit_archive_region;
  std::string audit_archive_key_id;
  Secret audit_archive_secret;
  std::string environment = "production";
  std::string reflection = "on";
  std::string log_level = "info";
  std::string redis_plain_tcp = "loopback-only";
  Secret redis_password;
  std::int64_t grpc_certificate_seconds = 10;
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
  std::int64_t read_audit_days = 90;
  std::int64_t audit_archive_minutes = 60;
  std::int64_t event_readers = 2;
  std::int64_t event_subscribers_max = 2'000;
  std::int64_t event_ring_events = 10'000;
  std::int64_t event_ring_mib = 16;
  std::int64_t event_heartbeat_ms = 10'000;
  std::int64_t drain_announce_ms = 5'000;
  std::int64_t drain_calls_ms = 10'000;
  std::string operator_tenant;
  std::int64_t tenant_grace_days = 30;
  std::int64_t tenant_settle_seconds = 90;

  // As long as the journal unless it is set.
  [[nodiscard]] std::chrono::hours TopicRetention() const {
    return std::chrono::days(topic_retention_days == 0 ? journal_days : topic_retention_days);
  }
  [[nodiscard]] bool IsDevelopment() const { return environment == "development"; }
  [[nodiscard]] cache::PlainTcp RedisPlainTcp() const {
    return redis_plain_tcp == "allowed" ? cache::PlainTcp::kAllowed
                                        : cache::PlainTcp::kLoopbackOnly;
  }
  [[nodiscard]] audit::StoreOptions ArchiveStore() const {
    return {.place = audit_archive,
            .endpoint = audit_archive_endpoint,
            .region = audit_archive_region,
            .key_id = audit_archive_key_id,
            .secret = audit_archive_secret};
  }
  // How Redis is reached, and how long records are kept there.
  [[nodiscard]] cache::RedisOptions RedisOptions() const;
  // Nothing if it is not set. Validate tells of what is no UUID.
  [[nodiscard]] std::optional<TenantId> OperatorTenant() const;
  // How Kafka is reached.
  [[nodiscard]] events::KafkaOptions KafkaOptions() const;
  // INVALID_ARGUMENT if settings do not go together.
  [[nodiscard]] absl::Status Validate() const;
  // Declares every setting with this object's fields as targets.
  void Declare(Options& options);

 private:
  void DeclareEdge(Options& options);
  void DeclareTls(Options& options);
  void DeclareAudit(Options& options);
  void DeclareSizes(Options& options);
  void DeclareEvents(Options& options);
  void DeclareTenants(Options& options);
  void CheckKafka(Violations& violations) const;
  void CheckGrpc(Violations& violations) const;
  void CheckRedis(Violations& violations) const;
  void CheckAudit(Violations& violations) const;
  void CheckTenants(Violations& violations) const;
  [[nodiscard]] bool UsesSasl() const { return kafka_protocol.starts_with("sasl"); }
  [[nodiscard]] bool UsesTls() const { return kafka_protocol.ends_with("ssl"); }
};

}  // namespace lotura::host
