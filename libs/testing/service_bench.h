// The records of one service on a database of its own: units of work, lists and queries, without
// the door and the bus.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "libs/host/service.h"
#include "libs/pg/migration.h"
#include "libs/resource/lister.h"
#include "libs/resource/periods.h"
#include "libs/resource/pg_store.h"
#include "libs/resource/unit_of_work.h"
#include "libs/testing/fakes.h"
#include "libs/testing/postgres.h"
#include "libs/testing/run_call.h"
#include "libs/testing/status_matchers.h"

namespace lotura::testing {

// Knows every record of another service but those that a test declares missing.
class FakeForeignRecords final : public resource::ForeignRecords {
 public:
  absl::StatusOr<std::vector<std::string>> FindMissing(const TenantId& /*tenant*/,
                                                       std::span<const std::string> names,
                                                       Deadline /*deadline*/) const override {
    std::vector<std::string> found;
    for (const std::string& name : names) {
      if (missing.contains(name)) found.push_back(name);
    }
    return found;
  }

  std::set<std::string> missing;
};

inline void MustBeOk(const absl::Status& status) {
  if (!status.ok()) throw std::runtime_error(Message(status));
}

// Makes the schema of a service in the database, with room for what is written at the start of the
// fake clock.
inline void MigrateService(const host::ServiceSpec& spec, const std::string& conninfo) {
  const auto soon = Deadline::After(std::chrono::seconds(60));
  pg::Database database(pg::Options{.conninfo = conninfo, .schema = spec.name, .pool_size = 2});
  MustBeOk(pg::Migrate(database, spec.name, host::MigrationsOf(spec), soon).status());
  MustBeOk(database.WriteOne(soon, [](pg::Tx& tx) {
    tx.RunScript(resource::PartitionScript(FakeClock().Now()));
    return absl::OkStatus();
  }));
}

inline std::string NewServiceDatabase(const host::ServiceSpec& spec) {
  return Postgres().NewDatabase(
      spec.name, [&](const std::string& conninfo) { MigrateService(spec, conninfo); });
}

inline resource::Catalog CatalogOf(const host::ServiceSpec& spec) {
  resource::Catalog catalog;
  if (spec.declare) MustBeOk(spec.declare(catalog));
  return catalog;
}

class ServiceBench {
 public:
  explicit ServiceBench(const host::ServiceSpec& spec)
      : spec_(spec),
        conninfo_(NewServiceDatabase(spec)),
        reads_(pg::Options{.conninfo = conninfo_, .schema = spec.name, .pool_size = 2}),
        lists_(pg::Options{.conninfo = conninfo_,
                           .schema = spec.name,
                           .pool_size = 2,
                           .plan_for = pg::PlanFor::kLists}),
        writes_(pg::Options{.conninfo = conninfo_,
                            .schema = spec.name,
                            .pool_size = 2,
                            .plan_for = pg::PlanFor::kWrites}),
        catalog_(CatalogOf(spec)),
        declarations_(catalog_.Declarations()),
        store_(reads_, writes_, clock_, declarations_),
        lister_({lists_, reads_}, page_tokens_, declarations_),
        combiner_(store_, resource::CombinerLimits()),
        work_(resource::EngineParts{catalog_, store_, foreign_records_, ids_, &lister_}, combiner_),
        queries_{reads_, page_tokens_, catalog_, store_} {
    combiner_.Start(1);
  }

  [[nodiscard]] Call CallAs(std::vector<std::string> permissions = {"*"},
                            std::uint8_t tenant = 1) const {
    TenantId caller;
    caller.value.bytes[15] = tenant;
    return {.principal = {.tenant = caller,
                          .name = "users/anna",
                          .permissions = std::move(permissions),
                          .grounds = Grounds::kToken},
            .method = "test",
            .deadline = Deadline::After(std::chrono::seconds(30)),
            .now = clock_.Now()};
  }

  // Commits what `body` changes; it returns StatusOr<Response>.
  template <typename Response, typename Body>
  absl::StatusOr<Response> Write(const Body& body) {
    return RunWrite<Response>(work_, CallAs(), Response(), body);
  }

  // A verb.
  template <typename Request, typename Response>
  absl::StatusOr<Response> Do(absl::StatusOr<Response> (*verb)(const Call&, const Request&,
                                                               resource::Changes&),
                              const Call& call, const Request& request) {
    return RunWrite<Response>(work_, call, request, [&](resource::Changes& changes) {
      return verb(call, request, changes);
    });
  }

  template <typename T>
  absl::StatusOr<T> Create(const T& record, const std::string& parent = "",
                           const std::string& id = "") {
    return Write<T>([&](resource::Changes& changes) { return changes.Create(record, parent, id); });
  }

  // Saves the whole record as it is given.
  template <typename T>
  absl::StatusOr<T> Save(const T& record) {
    return Write<T>([&](resource::Changes& changes) -> absl::StatusOr<T> {
      LOTURA_RETURN_IF_ERROR(changes.Load<T>(record.name()).status());
      return changes.Save(record);
    });
  }

  template <typename T>
  absl::StatusOr<T> Get(const std::string& name) {
    const Call call = CallAs();
    resource::Changes changes(work_.parts(), call);
    return changes.Load<T>(name);
  }

  template <typename T>
  absl::Status Delete(const std::string& name) {
    return Write<T>([&](resource::Changes& changes) -> absl::StatusOr<T> {
             LOTURA_ASSIGN_OR_RETURN(const auto deleted,
                                     changes.DeleteAny(*catalog_.Find(T::descriptor()), name, ""));
             return static_cast<const T&>(*deleted);
           })
        .status();
  }

  template <typename T>
  absl::StatusOr<std::vector<T>> List(const resource::ListRequest& request) {
    LOTURA_ASSIGN_OR_RETURN(
        const resource::ListPage page,
        lister_.List(CallAs(), *catalog_.Find(T::descriptor())->declaration, request));
    return RecordsOf<T>(page);
  }

  // Names of the records of all pages.
  template <typename T>
  absl::StatusOr<std::vector<std::string>> NamesOnPages(resource::ListRequest request) {
    std::vector<std::string> names;
    do {
      LOTURA_ASSIGN_OR_RETURN(
          const resource::ListPage page,
          lister_.List(CallAs(), *catalog_.Find(T::descriptor())->declaration, request));
      for (const T& record : RecordsOf<T>(page)) names.push_back(record.name());
      request.page_token = page.next_page_token;
    } while (!request.page_token.empty());
    return names;
  }

  host::QueryContext& queries() { return queries_; }
  resource::UnitOfWork& work() { return work_; }
  pg::Database& writes() { return writes_; }
  FakeClock& clock() { return clock_; }
  FakeForeignRecords& foreign_records() { return foreign_records_; }

 private:
  template <typename T>
  static std::vector<T> RecordsOf(const resource::ListPage& page) {
    std::vector<T> records;
    for (const resource::Record& record : page.records)
      records.push_back(static_cast<const T&>(*record.message));
    return records;
  }

  const host::ServiceSpec spec_;
  FakeClock clock_;
  FakeIds ids_;
  FakeForeignRecords foreign_records_;
  const std::string conninfo_;
  pg::Database reads_;
  pg::Database lists_;
  pg::Database writes_;
  const resource::Catalog catalog_;
  const std::vector<const resource::Declaration*> declarations_;
  const resource::PageTokens page_tokens_ = *resource::PageTokens::Create({{.id = "k1"}});
  resource::PgStore store_;
  resource::Lister lister_;
  resource::Combiner combiner_;
  resource::UnitOfWork work_;
  host::QueryContext queries_;
};

}  // namespace lotura::testing
