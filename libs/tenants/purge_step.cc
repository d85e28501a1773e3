#include "libs/tenants/purge_step.h"

#include <algorithm>

#include "libs/access/tenants.h"
#include "libs/base/errors.h"
#include "libs/crash/point.h"
#include "libs/tenants/queries.sql.h"

namespace lotura::tenants {
namespace {

constexpr char kLease[] = "purge";

// The text with all places of a word filled.
std::string Filled(std::string text, std::string_view word, std::string_view with) {
  for (std::size_t at = text.find(word); at != std::string::npos;
       at = text.find(word, at + with.size()))
    text.replace(at, word.size(), with);
  return text;
}

// Names of our own schema are plain words; what is none is nothing that we have made.
absl::Status CheckPlain(std::string_view name) {
  const bool plain = !name.empty() && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
  return plain ? absl::OkStatus() : Internal("a table or column has a name that is no plain word");
}

std::string ForTable(const pg::Query& query, const std::string& table) {
  return Filled(query.text, "purged_table", table);
}

std::string BlockStart(std::int64_t block) { return "(" + std::to_string(block) + ",0)"; }

}  // namespace

PurgeMetrics::PurgeMetrics(const observe::Metrics& metrics)
    : removed(metrics.AddCounter({.name = "lotura_tenant_purged_rows_total",
                                  .help = "Rows of tenants that are gone, which were removed."})),
      waiting(metrics.AddGauge(
          {.name = "lotura_tenant_purges_waiting",
           .help = "Tenants that are gone, and of which the service may still hold something."})),
      failures(metrics.AddCounters({.name = "lotura_tenant_purge_failures_total",
                                    .help = "Passes over tenants that are gone, which failed.",
                                    .labels = {"reason"}})) {}

PurgeStep::PurgeStep(PurgeOptions options, pg::Database& database, events::Journal& journal,
                     Gone gone, const observe::Metrics& metrics, const observe::Log& log)
    : options_(options),
      database_(database),
      journal_(journal),
      gone_(std::move(gone)),
      metrics_(metrics),
      log_(log) {}

std::chrono::microseconds PurgeStep::Run() {
  const absl::Status status = Pass();
  const std::string reason = status.ok() ? "" : ReasonOf(status);
  // Whoever ends, or is relieved, has not failed.
  const bool failed = !status.ok() && reason != "PURGE_LEFT";
  if (failed) metrics_.failures.With({reason}).Add();
  if (failed && last_failure_ != reason) {
    log_.Warning("a tenant that is gone could not be removed",
                 {observe::Fields::kReason(reason),
                  observe::Fields::kError(observe::Redacted(Message(status)))});
  }
  last_failure_ = failed ? reason : "";
  return options_.interval;
}

void PurgeStep::Stop() {
  if (lease_.has_value()) (void)journal_.Release(*lease_, Bound());
  lease_.reset();
}

std::vector<TenantId> PurgeStep::Unfinished() {
  std::vector<TenantId> tenants = gone_();
  std::erase_if(tenants, [this](const TenantId& tenant) { return ended_.contains(tenant); });
  return tenants;
}

absl::Status PurgeStep::Pass() {
  const std::vector<TenantId> tenants = Unfinished();
  metrics_.waiting.Set(static_cast<double>(tenants.size()));
  if (tenants.empty()) return absl::OkStatus();
  LOTURA_ASSIGN_OR_RETURN(const std::vector<Due> due, Begin(tenants));
  metrics_.waiting.Set(static_cast<double>(due.size()));
  for (const Due& one : due) {
    if (!one.now) continue;
    LOTURA_ASSIGN_OR_RETURN(const bool held, HoldLease());
    if (!held) return absl::OkStatus();
    LOTURA_RETURN_IF_ERROR(Purge(one.tenant));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::map<std::string, PurgeStep::Begun>> PurgeStep::ReadBegun(
    const std::vector<std::string>& names) {
  using ByName = std::map<std::string, Begun>;
  return database_.Read(Bound(), [&](pg::Tx& tx) -> absl::StatusOr<ByName> {
    const pg::Rows rows = tx.Run(
        sql::kPurgesBegun,
        pg::Params().Tenant(options_.operator_tenant).Texts(names).Int(options_.settle.count()));
    ByName begun;
    for (std::size_t i = 0; i < rows.size(); ++i)
      begun[rows.String(i, 0)] = {.ended = rows.Bool(i, 1), .now = rows.Bool(i, 2)};
    return begun;
  });
}

absl::StatusOr<std::vector<PurgeStep::Due>> PurgeStep::Begin(const std::vector<TenantId>& tenants) {
  std::vector<std::string> names;
  for (const TenantId& tenant : tenants) names.push_back(access::RecordOfTenant(tenant));
  LOTURA_ASSIGN_OR_RETURN(const auto begun, ReadBegun(names));
  std::vector<Due> due;
  std::vector<std::string> fresh;
  for (std::size_t i = 0; i < tenants.size(); ++i) {
    const auto found = begun.find(names[i]);
    if (found == begun.end()) {
      fresh.push_back(names[i]);
      due.push_back({.tenant = tenants[i], .now = true});
    } else if (found->second.ended) {
      ended_.insert(tenants[i]);
    } else {
      due.push_back({.tenant = tenants[i], .now = found->second.now});
    }
  }
  if (fresh.empty()) return due;
  LOTURA_RETURN_IF_ERROR(database_.WriteOne(Bound(), [&](pg::Tx& tx) {
    tx.Run(sql::kBeginPurges, pg::Params().Tenant(options_.operator_tenant).Texts(fresh));
    return absl::OkStatus();
  }));
  return due;
}

absl::Status PurgeStep::Purge(const TenantId& tenant) {
  // Anew for each tenant: days of the journal come and go.
  LOTURA_ASSIGN_OR_RETURN(const std::vector<Table> tables, ReadTables(database_, Bound()));
  std::int64_t found = 0;
  for (const Table& table : tables) LOTURA_RETURN_IF_ERROR(Clear(table, tenant));
  for (const Table& table : tables) {
    LOTURA_ASSIGN_OR_RETURN(const std::int64_t rows, Empty(table, tenant));
    found += rows;
  }
  crash::Point("purge.emptied");
  return database_.WriteOne(Bound(), [&](pg::Tx& tx) {
    const pg::Rows rows = tx.Run(sql::kEndPass, pg::Params()
                                                    .Tenant(options_.operator_tenant)
                                                    .Text(access::RecordOfTenant(tenant))
                                                    .Raw(pg::binary::Bool(found > 0)));
    if (!rows.empty() && rows.Bool(0, 0)) {
      log_.Info("a tenant is gone for good", {observe::Fields::kTenant(tenant.value.ToString()),
                                              observe::Fields::kCount(rows.Int(0, 1))});
    }
    return absl::OkStatus();
  });
}

absl::Status PurgeStep::Clear(const Table& table, const TenantId& tenant) {
  for (const std::string& column : table.circular) {
    LOTURA_RETURN_IF_ERROR(CheckPlain(column));
    const std::string text =
        Filled(ForTable(sql::kClearReferences, table.name), "purged_column", column);
    for (;;) {
      LOTURA_ASSIGN_OR_RETURN(
          const std::int64_t cleared,
          Change(sql::kClearReferences.name, text, pg::Params().Tenant(tenant).Int(options_.rows)));
      if (cleared < options_.rows) break;
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::int64_t> PurgeStep::Empty(const Table& table, const TenantId& tenant) {
  LOTURA_RETURN_IF_ERROR(CheckPlain(table.name));
  const std::string record = access::RecordOfTenant(tenant);
  std::int64_t all = 0;
  for (std::int64_t block = 0;; block += options_.blocks) {
    const auto& query = table.indexed ? sql::kRemoveRows : sql::kRemoveRowsOfBlocks;
    pg::Params params;
    params.Tenant(tenant);
    if (table.indexed) {
      params.Int(options_.rows).Tenant(options_.operator_tenant).Text(record);
    } else {
      params.Text(BlockStart(block))
          .Tenant(options_.operator_tenant)
          .Text(record)
          .Text(BlockStart(block + options_.blocks));
    }
    LOTURA_ASSIGN_OR_RETURN(const std::int64_t rows,
                            Change(query.name, ForTable(query, table.name), params));
    crash::Point("purge.removed");
    metrics_.removed.Add(static_cast<double>(rows));
    all += rows;
    // What was added behind the last block is found in the next pass.
    const bool done = table.indexed ? rows < options_.rows : block + options_.blocks > table.blocks;
    if (done) return all;
  }
}

absl::StatusOr<std::int64_t> PurgeStep::Change(const char* name, const std::string& text,
                                               const pg::Params& params) {
  LOTURA_ASSIGN_OR_RETURN(const bool held, HoldLease());
  if (stopping_ || !held) return Aborted("PURGE_LEFT", "another process goes on with the purge");
  return database_.WriteOne(Bound(), [&](pg::Tx& tx) -> absl::StatusOr<std::int64_t> {
    const pg::Rows rows = tx.RunBuilt(name, text, params);
    return rows.empty() ? 0 : rows.Int(0, 0);
  });
}

absl::StatusOr<bool> PurgeStep::HoldLease() {
  const auto now = std::chrono::steady_clock::now();
  if (lease_.has_value() && now < renew_at_) return true;
  lease_.reset();
  LOTURA_ASSIGN_OR_RETURN(lease_,
                          journal_.Acquire(kLease, options_.holder, options_.lease, Bound()));
  // A statement that takes as long as one may still ends within the lease.
  renew_at_ = now + options_.lease / 3;
  return lease_.has_value();
}

}  // namespace lotura::tenants
