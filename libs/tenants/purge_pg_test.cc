// That a purge takes all of a tenant and nothing of another, on a real server.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "libs/access/tenants.h"
#include "libs/events/pg_journal.h"
#include "libs/tenants/migrations.sql.h"
#include "libs/tenants/purge_step.h"
#include "libs/testing/events_schema.h"
#include "libs/testing/eventually.h"

namespace lotura::tenants {
namespace {

using testing::AMinute;
using ::testing::ElementsAre;
using testing::IsOk;

constexpr char kGone[] = "00000000-0000-4000-8000-0000000000a1";
constexpr char kOther[] = "00000000-0000-4000-8000-0000000000b2";

TenantId TenantOf(const char* text) { return {*Uuid::Parse(text)}; }

// Beside the tables of the platform: two that refer to each other and to themselves, and one in
// which no index finds a tenant.
constexpr char kTables[] = R"(
  CREATE TABLE team (tenant_id uuid NOT NULL, name text NOT NULL, manager text, parent_team text, PRIMARY KEY (tenant_id, name),
    FOREIGN KEY (tenant_id, parent_team) REFERENCES team (tenant_id, name));
  CREATE TABLE member (tenant_id uuid NOT NULL, name text NOT NULL, team text NOT NULL, PRIMARY KEY (tenant_id, name),
    FOREIGN KEY (tenant_id, team) REFERENCES team (tenant_id, name));
  ALTER TABLE team ADD FOREIGN KEY (tenant_id, manager) REFERENCES member (tenant_id, name);
  CREATE TABLE heap (tenant_id uuid NOT NULL, filler text NOT NULL))";

class PurgeTest : public ::testing::Test {
 protected:
  PurgeTest() {
    const pg::MigrationSet set{"tenants", &sql::kMigrations};
    EXPECT_THAT(pg::Migrate(schema_.database(), "sales", {&set, 1}, AMinute()), IsOk());
    schema_.Run(kTables);
    for (const char* tenant : {kGone, kOther}) Fill(tenant);
  }

  void Fill(const std::string& tenant) {
    schema_.Run(fmt::format(R"(
      INSERT INTO team SELECT '{0}', 't' || i, NULL, CASE WHEN i > 1 THEN 't' || i - 1 END FROM generate_series(1, 25) AS i;
      INSERT INTO member SELECT '{0}', 'm' || i, 't' || i FROM generate_series(1, 25) AS i;
      UPDATE team SET manager = replace(name, 't', 'm') WHERE tenant_id = '{0}';
      INSERT INTO heap SELECT '{0}', repeat('x', 2000) FROM generate_series(1, 50);
      INSERT INTO journal (tenant_id, event_id, name, type, resource_type, version, kind)
        SELECT '{0}', gen_random_uuid(), 'n', 't', 'r', 1, 1 FROM generate_series(1, 30);
      INSERT INTO inbox (tenant_id, consumer, event_id, event_time) VALUES ('{0}', 'c', gen_random_uuid(), now()), ('{0}', 'c', gen_random_uuid(), '1999-01-01Z');
      INSERT INTO dead_letter (tenant_id, consumer, key, reason, message, attempts) VALUES ('{0}', 'c', 'k', 'R', 'm', 1);
      INSERT INTO parked_event (tenant_id, consumer, key, topic, partition, place, record) VALUES ('{0}', 'c', 'k', 't', 0, 0, ''))",
                            tenant));
  }

  std::int64_t RowsOf(const std::string& tenant) {
    std::int64_t rows = 0;
    for (const char* table :
         {"team", "member", "heap", "journal", "inbox", "dead_letter", "parked_event"})
      rows += schema_.Number(
          fmt::format("SELECT count(*) FROM {} WHERE tenant_id = '{}'", table, tenant));
    return rows;
  }

  [[nodiscard]] PurgeOptions Options() {
    PurgeOptions options;
    options.holder = ids_.Next();
    options.operator_tenant.value.bytes[15] = 1;
    options.rows = 7;
    options.blocks = 3;
    options.settle = std::chrono::milliseconds(0);
    return options;
  }

  PurgeStep StepWith(const PurgeOptions& options) {
    return {options, schema_.database(), journal_, [this] { return gone_; }, metrics_, log_};
  }

  [[nodiscard]] std::int64_t Ended() {
    return schema_.Number("SELECT count(*) FROM tenant_purge WHERE end_time IS NOT NULL");
  }

  testing::EventsSchema schema_;
  testing::FakeClock clock_;
  RandomIds ids_{clock_};
  events::PgJournal journal_{schema_.database(), clock_};
  observe::Metrics metrics_{"sales"};
  observe::Log log_{{.service = "sales", .level = observe::Level::kError}, metrics_};
  std::vector<TenantId> gone_;
};

TEST_F(PurgeTest, TakesAllOfATenantAndNothingOfAnother) {
  const std::int64_t before = RowsOf(kOther);
  ASSERT_EQ(RowsOf(kGone), before);
  PurgeStep step = StepWith(Options());
  step.Run();
  ASSERT_EQ(RowsOf(kGone), before) << "nobody is gone";
  gone_ = {TenantOf(kGone)};

  step.Run();
  EXPECT_EQ(RowsOf(kGone), 0);
  EXPECT_EQ(Ended(), 0) << "what was on its way may still come";
  step.Run();

  EXPECT_EQ(Ended(), 1);
  EXPECT_EQ(schema_.Number("SELECT removed FROM tenant_purge"), before);
  EXPECT_EQ(RowsOf(kOther), before);
  EXPECT_EQ(schema_.Number(
                fmt::format("SELECT count(*) FROM tenant_purge WHERE tenant_id = '{}'", kGone)),
            0);
}

TEST_F(PurgeTest, WhatComesLateIsTakenToo) {
  gone_ = {TenantOf(kGone)};
  PurgeStep step = StepWith(Options());
  step.Run();
  schema_.Run(fmt::format("INSERT INTO heap VALUES ('{}', 'late')", kGone));

  step.Run();
  EXPECT_EQ(RowsOf(kGone), 0);
  EXPECT_EQ(Ended(), 0);
  step.Run();
  EXPECT_EQ(Ended(), 1);
}

TEST_F(PurgeTest, DoesNotEndBeforeNothingWasFoundForAWhile) {
  gone_ = {TenantOf(kGone)};
  PurgeOptions options = Options();
  options.settle = std::chrono::minutes(10);
  PurgeStep step = StepWith(options);

  for (int i = 0; i < 3; ++i) step.Run();

  EXPECT_EQ(RowsOf(kGone), 0);
  EXPECT_EQ(Ended(), 0);
}

TEST_F(PurgeTest, AnotherProcessGoesOnWhereOneEnded) {
  gone_ = {TenantOf(kGone)};
  const std::int64_t before = RowsOf(kGone);
  PurgeOptions first_options = Options();
  first_options.lease = std::chrono::milliseconds(1);
  // Asked when it begins; it stops before it has begun to remove.
  PurgeStep first(
      first_options, schema_.database(), journal_, [&] { return gone_; }, metrics_, log_);
  first.RequestStop();
  first.Run();
  ASSERT_EQ(RowsOf(kGone), before);
  // As if the process had been killed after two statements.
  schema_.Run(
      fmt::format("UPDATE tenant_purge SET removed = 2; DELETE FROM dead_letter WHERE tenant_id = "
                  "'{0}'; DELETE FROM parked_event WHERE tenant_id = '{0}'",
                  kGone));

  PurgeStep second = StepWith(Options());
  ASSERT_TRUE(testing::Eventually(
      [&] {
        second.Run();
        return Ended() == 1;
      },
      std::chrono::seconds(30)));

  EXPECT_EQ(schema_.Number("SELECT removed FROM tenant_purge"), before);
}

TEST_F(PurgeTest, TenantsThatAreGoneAreNotedTogetherAndOnce) {
  schema_.Run(R"(
    CREATE TABLE statement_seen (at timestamptz NOT NULL);
    CREATE FUNCTION see_statement() RETURNS trigger LANGUAGE plpgsql AS
      'BEGIN INSERT INTO statement_seen VALUES (now()); RETURN NULL; END';
    CREATE TRIGGER seen AFTER INSERT ON tenant_purge FOR EACH STATEMENT EXECUTE FUNCTION see_statement())");
  gone_ = {TenantOf(kGone), TenantOf(kOther)};

  StepWith(Options()).Run();
  EXPECT_EQ(schema_.Number("SELECT count(*) FROM tenant_purge"), 2);
  EXPECT_EQ(schema_.Number("SELECT count(*) FROM statement_seen"), 1);

  // Another replica, which has not seen any of them yet.
  StepWith(Options()).Run();
  EXPECT_EQ(schema_.Number("SELECT count(*) FROM statement_seen"), 1);
}

TEST_F(PurgeTest, WhoeverHasNoLeaseRemovesNothing) {
  gone_ = {TenantOf(kGone)};
  const std::int64_t before = RowsOf(kGone);
  ASSERT_THAT(journal_.Acquire("purge", ids_.Next(), std::chrono::minutes(1), AMinute()), IsOk());

  StepWith(Options()).Run();

  EXPECT_EQ(RowsOf(kGone), before);
}

TEST_F(PurgeTest, EveryTableWithATenantIsFound) {
  const auto tables = ReadTables(schema_.database(), AMinute());
  ASSERT_THAT(tables, IsOk());
  std::map<std::string, Table> by_name;
  for (const Table& table : *tables) by_name.emplace(table.name, table);

  for (const char* name :
       {"team", "member", "heap", "dead_letter", "parked_event", "inbox_other", "tenant_purge"})
    EXPECT_TRUE(by_name.contains(name)) << name;
  EXPECT_FALSE(by_name.contains("journal")) << "its partitions stand for it";
  EXPECT_FALSE(by_name.contains("lease"));
  EXPECT_TRUE(by_name.at("team").indexed);
  EXPECT_FALSE(by_name.at("heap").indexed);
  EXPECT_THAT(by_name.at("team").circular, ElementsAre("manager", "parent_team"));
  EXPECT_TRUE(by_name.at("member").circular.empty());
}

}  // namespace
}  // namespace lotura::tenants

namespace lotura::testing {

// Its entries are of use here, its tests are those of a journal.
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(JournalContract);

}  // namespace lotura::testing
