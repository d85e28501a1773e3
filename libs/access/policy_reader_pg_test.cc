// The changes of policies, page by page, on a real server.
#include "libs/access/policy_reader.h"

#include <gmock/gmock.h>

#include "libs/access/migrations.sql.h"
#include "libs/access/policies.h"
#include "libs/events/migrations.sql.h"
#include "libs/pg/migration.h"
#include "libs/testing/eventually.h"
#include "libs/testing/fakes.h"
#include "libs/testing/postgres.h"
#include "libs/testing/status_matchers.h"

namespace lotura::access {
namespace {

using ::lotura::testing::IsOk;
using ::lotura::testing::StatusIs;
using ::testing::Contains;
using ::testing::ElementsAre;

constexpr char kPut[] = R"(
  INSERT INTO policy_record AS p (tenant_id, name, resource_type, epoch, version, deleted, record)
  VALUES ($1::uuid, $2::text, 'r', 1, 1, false, '')
  ON CONFLICT (tenant_id, name) DO UPDATE SET version = p.version + 1, xid = pg_current_xact_id())";
constexpr char kElsewhere[] = R"(
  CREATE OR REPLACE FUNCTION database_origin() RETURNS text LANGUAGE sql STABLE AS $$ SELECT 'elsewhere' $$)";
constexpr char kManyUsers[] = R"(
  INSERT INTO policy_record (tenant_id, name, resource_type, epoch, version, deleted, record)
  SELECT '00000000-0000-0000-0000-000000000001', 'users/u' || i, 'lotura.directory.v1.User', 1, 1, false, ''
  FROM generate_series(1, 1500) AS i)";

Deadline Soon() { return Deadline::After(std::chrono::seconds(30)); }

class PolicyReaderTest : public ::testing::Test {
 protected:
  static void Fill(const std::string& conninfo) {
    pg::Database database({.conninfo = conninfo, .schema = "sales", .pool_size = 2});
    const std::vector<pg::MigrationSet> sets = {{"events", &events::sql::kMigrations},
                                                {"access", &sql::kMigrations}};
    EXPECT_THAT(pg::Migrate(database, "sales", sets, Soon()), IsOk());
  }

  static absl::Status Put(pg::Tx& tx, const std::string& name) {
    tx.RunBuilt("Put", kPut, pg::Params().Tenant(TenantId()).Text(name));
    return absl::OkStatus();
  }
  // Each in a transaction of its own.
  void Put(const std::vector<std::string>& names) {
    for (const std::string& name : names) {
      EXPECT_THAT(database_.Write(Soon(), [&](pg::Tx& tx) { return Put(tx, name); }), IsOk());
    }
  }

  // As if the database lived in another cluster.
  void MoveElsewhere() {
    ASSERT_THAT(database_.WriteOne(Soon(),
                                   [](pg::Tx& tx) {
                                     tx.RunScript(kElsewhere);
                                     return absl::OkStatus();
                                   }),
                IsOk());
  }

  static std::vector<std::string> NamesOf(const absl::StatusOr<PolicyPage>& page) {
    EXPECT_THAT(page, IsOk());
    std::vector<std::string> names;
    if (!page.ok()) return names;
    for (const PolicyRow& row : page->rows) names.push_back(row.name);
    return names;
  }
  // What there is up to the last page.
  static std::vector<std::string> ReadOn(PolicyReader& reader) {
    std::vector<std::string> names;
    for (;;) {
      const auto page = reader.ReadPage(Soon());
      for (std::string& name : NamesOf(page)) names.push_back(std::move(name));
      if (!page.ok() || page->is_last) return names;
    }
  }

  const std::string conninfo_ = testing::Postgres().NewDatabase("policy_reader", Fill);
  pg::Database database_{{.conninfo = conninfo_, .schema = "sales", .pool_size = 4}};
};

TEST_F(PolicyReaderTest, AMissedDeadlineLosesNothingOfWhatWasRead) {
  Put({"a", "b", "c", "d", "e"});
  PolicyReader reader(database_, 2);
  EXPECT_THAT(NamesOf(reader.ReadPage(Soon())), ElementsAre("a", "b"));

  EXPECT_THAT(reader.ReadPage(Deadline::After(std::chrono::milliseconds(-1))),
              StatusIs(absl::StatusCode::kDeadlineExceeded, "DEADLINE_EXCEEDED"));

  EXPECT_THAT(NamesOf(reader.ReadPage(Soon())), ElementsAre("c", "d"));
  const auto last = reader.ReadPage(Soon());
  EXPECT_THAT(NamesOf(last), ElementsAre("e"));
  EXPECT_TRUE(last->is_last);
}

TEST_F(PolicyReaderTest, WhatChangesBetweenPagesIsReadAsWell) {
  Put({"a", "b", "c"});
  PolicyReader reader(database_, 1);
  EXPECT_THAT(NamesOf(reader.ReadPage(Soon())), ElementsAre("a"));

  Put({"a", "d"});

  EXPECT_THAT(ReadOn(reader), ElementsAre("b", "c", "a", "d"));
}

TEST_F(PolicyReaderTest, WhatIsCommittedBehindAPageComesWithTheNextWalk) {
  PolicyReader reader(database_, 1);
  const absl::Status slow = database_.Write(Soon(), [&](pg::Tx& tx) {
    LOTURA_RETURN_IF_ERROR(Put(tx, "late"));
    Put({"a", "b"});
    EXPECT_THAT(NamesOf(reader.ReadPage(Soon())), ElementsAre("a"));
    return absl::OkStatus();
  });
  ASSERT_THAT(slow, IsOk());

  EXPECT_THAT(ReadOn(reader), ElementsAre("b"));
  EXPECT_THAT(ReadOn(reader), Contains("late"));
}

TEST_F(PolicyReaderTest, InADatabaseThatWasFailedOverAllIsReadAnew) {
  Put({"a", "b"});
  PolicyReader reader(database_, 1);
  EXPECT_THAT(ReadOn(reader), ElementsAre("a", "b"));

  MoveElsewhere();

  const auto first = reader.ReadPage(Soon());
  EXPECT_THAT(NamesOf(first), ElementsAre("a"));
  EXPECT_TRUE(first->begins_anew);
  const auto second = reader.ReadPage(Soon());
  EXPECT_THAT(NamesOf(second), ElementsAre("b"));
  EXPECT_FALSE(second->begins_anew);
  ReadOn(reader);
  EXPECT_FALSE(reader.ReadPage(Soon())->begins_anew);
}

TEST_F(PolicyReaderTest, PoliciesTakeWhatWasReadBeforeAMissedDeadline) {
  ASSERT_THAT(database_.WriteOne(Soon(),
                                 [](pg::Tx& tx) {
                                   tx.RunScript(kManyUsers);
                                   return absl::OkStatus();
                                 }),
              IsOk());
  std::optional<Deadline> missed;
  pg::Database slow(
      {.conninfo = conninfo_, .schema = "sales", .pool_size = 2},
      {.statement = [&](const char* name, auto, auto) {
        if (!missed.has_value() || std::string_view(name).find("Changed") == std::string_view::npos)
          return;
        EXPECT_TRUE(
            testing::Eventually([&] { return missed->Passed(); }, std::chrono::seconds(30)));
      }});
  testing::FakeClock clock;
  const observe::Metrics metrics("sales");
  Policies policies(slow, clock, metrics);
  const auto taken = [&] {
    const std::string text = metrics.Exposition();
    const std::size_t at = text.find("\nlotura_access_changes_total{");
    return std::stod(text.substr(text.find("} ", at) + 2));
  };

  missed = Deadline::After(std::chrono::seconds(3));
  EXPECT_THAT(policies.Refresh(*missed),
              StatusIs(absl::StatusCode::kDeadlineExceeded, "DEADLINE_EXCEEDED"));
  EXPECT_EQ(taken(), 1'000);
  missed.reset();
  EXPECT_THAT(policies.Refresh(Soon()), IsOk());

  EXPECT_EQ(taken(), 1'500);
}

}  // namespace
}  // namespace lotura::access
