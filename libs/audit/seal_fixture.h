// A service's journal in PostgreSQL, and whoever seals it.
#pragma once

#include <gtest/gtest.h>

#include "libs/audit/migrations.sql.h"
#include "libs/audit/seal_step.h"
#include "libs/audit/verifier.h"
#include "libs/base/limits.h"
#include "libs/events/migrations.sql.h"
#include "libs/events/pg_journal.h"
#include "libs/testing/events_schema.h"
#include "libs/testing/select.h"
#include "libs/testing/tenant.h"

namespace lotura::testing {

// What it holds the journal to is tried in libs/events.
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(JournalContract);

}  // namespace lotura::testing

namespace lotura::audit {

using ::lotura::testing::AMinute;
using ::lotura::testing::EntryOf;
using ::lotura::testing::IsOk;
using ::lotura::testing::TenantOf;

class SealFixture : public ::testing::Test {
 protected:
  static void Fill(const std::string& conninfo) {
    pg::Database database({.conninfo = conninfo, .schema = "sales"});
    const std::vector<pg::MigrationSet> sets = {{"events", &events::sql::kMigrations},
                                                {"audit", &sql::kMigrations}};
    EXPECT_THAT(pg::Migrate(database, "sales", sets, AMinute()), IsOk());
  }

  // A transaction with as many entries of a tenant.
  void Write(std::uint8_t tenant, int count = 1, std::size_t bytes = 10) {
    EXPECT_THAT(database_.Write(AMinute(),
                                [&](pg::Tx& tx) {
                                  for (int i = 0; i < count; ++i) {
                                    auto entry = EntryOf(ids_, "opportunities/o1", ++version_);
                                    entry.tenant = TenantOf(tenant);
                                    entry.after_plain = std::string(bytes, 'x');
                                    testing::InsertEntry(tx, entry, clock_.Now());
                                  }
                                  return absl::OkStatus();
                                }),
                IsOk());
  }
  void Run(const std::string& script) {
    EXPECT_THAT(database_.WriteOne(AMinute(),
                                   [&](pg::Tx& tx) {
                                     tx.RunScript(script);
                                     return absl::OkStatus();
                                   }),
                IsOk());
  }
  std::int64_t Number(const std::string& query) {
    return database_
        .Read(AMinute(),
              [&](pg::Tx& tx) -> absl::StatusOr<std::int64_t> {
                return testing::Select(tx, query).Int(0, 0);
              })
        .value();
  }

  std::unique_ptr<SealStep> NewStep(events::ReadLimit batch = {.entries = 4, .bytes = 1 << 20}) {
    return std::make_unique<SealStep>(
        SealOptions{.service = "sales", .holder = ids_.Next(), .batch = batch}, key_,
        SealParts{journal_, heard_, seals_, clock_}, metrics_, log_);
  }
  // Until there is nothing left to seal.
  void SealAll(SealStep& step) {
    while (step.Run() == std::chrono::microseconds(0)) {
    }
  }
  void SealAll() {
    const auto step = NewStep();
    SealAll(*step);
    step->Stop();
  }

  std::vector<v1::SealedEntries> Export(std::uint8_t tenant) {
    std::vector<v1::SealedEntries> log;
    for (;;) {
      const std::int64_t after = log.empty() ? 0 : log.back().seal().number();
      auto part = seals_.ReadAfter(TenantOf(tenant), after, AMinute()).value();
      if (part.empty()) return log;
      for (v1::SealedEntries& sealed : part) {
        EXPECT_LE(sealed.ByteSizeLong(), kMessageBytesMax);
        log.push_back(std::move(sealed));
      }
    }
  }
  Report Verify(std::uint8_t tenant, std::vector<v1::Seal> checkpoints = {}) {
    Verifier verifier({key_.verify_key()}, std::move(checkpoints));
    for (const v1::SealedEntries& sealed : Export(tenant)) verifier.Take(sealed);
    return verifier.Finish();
  }
  double Metric(const std::string& name) const {
    const std::string text = metrics_.Exposition();
    const std::size_t at = text.find("\n" + name + "{");
    return at == std::string::npos ? -1 : std::stod(text.substr(text.find("} ", at) + 2));
  }

  const std::string conninfo_ = testing::Postgres().NewDatabase("audit", Fill);
  pg::Database database_{
      {.conninfo = conninfo_, .schema = "sales", .pool_size = 8, .plan_for = pg::PlanFor::kWrites}};
  SystemClock clock_;
  RandomIds ids_{clock_};
  observe::Metrics metrics_{"sales"};
  observe::Log log_{{.service = "sales", .level = observe::Level::kError}, metrics_};
  events::PgJournal journal_{database_, clock_, {.refresh = std::chrono::milliseconds(0)}};
  HeardEntries heard_{"sales"};
  PgSeals seals_{"sales", database_};
  const SigningKey key_ = SigningKey::Generate();
  std::int64_t version_ = 0;
};

}  // namespace lotura::audit
