#include "libs/host/pools.h"

#include <fmt/format.h>

#include "libs/audit/read_log.h"

namespace lotura::host {
namespace {

// What the upkeep, the sealer, the archiver, the purge of tenants, the preparation of partitions
// and the relay, which reads ahead, need beside consumers and steps, of which each has a
// connection.
constexpr std::size_t kStreamConnections = 7;
// So long the end of a process may have to wait for a statement of theirs.
constexpr std::chrono::seconds kStreamStatement{10};

pg::Options PoolOptions(const std::string& service, const Config& config, const char* purpose,
                        std::size_t connections) {
  pg::Options options;
  options.conninfo = config.postgres;
  options.password = config.postgres_password;
  options.schema = service;
  options.application_name = fmt::format("lotura-{}-{}", service, purpose);
  options.pool_size = connections;
  return options;
}

}  // namespace

pg::Options ReadOptions(const std::string& service, const Config& config) {
  return PoolOptions(service, config, "read", static_cast<std::size_t>(config.read_connections));
}

pg::Options ListOptions(const std::string& service, const Config& config) {
  pg::Options options =
      PoolOptions(service, config, "list", static_cast<std::size_t>(config.list_connections));
  options.plan_for = pg::PlanFor::kLists;
  return options;
}

pg::Options ShareOptions(const std::string& service, const Config& config) {
  pg::Options options =
      PoolOptions(service, config, "share", static_cast<std::size_t>(config.list_connections));
  options.plan_for = pg::PlanFor::kSets;
  return options;
}

pg::Options WriteOptions(const std::string& service, const Config& config) {
  pg::Options options =
      PoolOptions(service, config, "write", static_cast<std::size_t>(config.write_connections));
  options.plan_for = pg::PlanFor::kWrites;
  return options;
}

pg::Options ImportOptions(const std::string& service, const Config& config) {
  pg::Options options =
      PoolOptions(service, config, "import", static_cast<std::size_t>(config.import_connections));
  options.plan_for = pg::PlanFor::kWrites;
  return options;
}

pg::Options ReadLogOptionsOf(const std::string& service, const Config& config) {
  pg::Options options = PoolOptions(service, config, "audit", audit::ReadLogOptions().threads);
  options.plan_for = pg::PlanFor::kWrites;
  return options;
}

pg::Options StreamOptions(const std::string& service, const Config& config, std::size_t workers) {
  pg::Options options = PoolOptions(service, config, "events", kStreamConnections + workers);
  options.plan_for = pg::PlanFor::kWrites;
  options.statement_timeout = kStreamStatement;
  return options;
}

pg::Options FeedDatabaseOptions(const std::string& service, const Config& config) {
  pg::Options options =
      PoolOptions(service, config, "feed", 1 + static_cast<std::size_t>(config.event_readers));
  options.plan_for = pg::PlanFor::kWrites;
  return options;
}

}  // namespace lotura::host
