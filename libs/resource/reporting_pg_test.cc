// What people with BI tools see, and that it is nothing else.
#include "libs/resource/reporting.h"

#include <gtest/gtest.h>

#include "libs/resource/testdata/bench.h"
#include "libs/testing/select.h"
#include "libs/testing/status_matchers.h"

namespace lotura::resource {
namespace {

using ::lotura::testing::IsOk;
using ::lotura::testing::StatusIs;

constexpr char kRole[] = "lotura_reporting_test";
// Two tenants; of the first one a live record and a deleted one.
constexpr char kWidgets[] = R"(
INSERT INTO widget (tenant_id, name, version, create_time, update_time, delete_time, display_name, email, amount,
  amount_currency, tags, origin, score, verdict)
VALUES
  ('00000000-0000-0000-0000-000000000001', 'widgets/a', 1, now(), now(), NULL, 'A', 'a@example.org', 12, 'EUR', '{}', '', 7, ''),
  ('00000000-0000-0000-0000-000000000001', 'widgets/b', 1, now(), now(), now(), 'B', '', NULL, NULL, '{}', '', 0, ''),
  ('00000000-0000-0000-0000-000000000002', 'widgets/c', 1, now(), now(), NULL, 'C', '', NULL, NULL, '{}', '', 0, '');)";

class ReportingTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* role : {kRole, "bi_first", "bi_stranger"})
      Run(fmt::format(
          "DO $$ BEGIN CREATE ROLE {} LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; "
          "END $$",
          role));
    Run(fmt::format("GRANT {} TO bi_first, bi_stranger", kRole));
    Run(kWidgets);
    ASSERT_THAT(Ensure(), IsOk());
    Run("INSERT INTO lotura_report.login VALUES ('bi_first', "
        "'00000000-0000-0000-0000-000000000001')");
  }

  absl::Status Ensure(const std::string& role = kRole) {
    return EnsureReporting(database_, catalog_, "testdata", role, Soon());
  }
  absl::Status Try(const std::string& script) {
    return database_.WriteOne(Soon(), [&](pg::Tx& tx) {
      tx.RunScript(script);
      return absl::OkStatus();
    });
  }
  void Run(const std::string& script) { EXPECT_THAT(Try(script), IsOk()) << script; }

  // What a login is answered in a session of its own, after a script that it runs there.
  absl::StatusOr<std::vector<std::string>> As(const std::string& login, const std::string& query,
                                              const std::string& script = "") {
    pg::Database database({.conninfo = conninfo_, .schema = "testdata", .pool_size = 1});
    return database.Read(Soon(), [&](pg::Tx& tx) -> absl::StatusOr<std::vector<std::string>> {
      tx.RunScript("SET SESSION AUTHORIZATION " + login + "; " + script);
      const pg::Rows rows = testing::Select(tx, query);
      std::vector<std::string> found;
      for (std::size_t i = 0; i < rows.size(); ++i) found.push_back(rows.String(i, 0));
      return found;
    });
  }
  static Deadline Soon() { return Deadline::After(std::chrono::seconds(30)); }

  const std::string conninfo_ = testdata::NewWidgetDatabase();
  pg::Database database_{{.conninfo = conninfo_, .schema = "testdata", .pool_size = 1}};
  const Catalog catalog_ = testdata::WidgetCatalog();
};

using Names = std::vector<std::string>;

TEST_F(ReportingTest, ALoginSeesTheLiveRecordsOfItsTenantAlone) {
  EXPECT_EQ(As("bi_first", "SELECT name FROM testdata_report.widget").value(), Names{"widgets/a"});
  EXPECT_EQ(
      As("bi_first", "SELECT amount::text FROM testdata_report.widget WHERE score = 7").value(),
      Names{"12"});
  EXPECT_EQ(As("bi_first", "SELECT count(*)::text FROM testdata_report.widget").value(),
            Names{"1"});
}

TEST_F(ReportingTest, ALoginWithoutATenantSeesNothing) {
  EXPECT_EQ(As("bi_stranger", "SELECT name FROM testdata_report.widget").value(), Names{});
  // Nor does one that takes on the role of another.
  Run("GRANT bi_first TO bi_stranger");
  EXPECT_EQ(
      As("bi_stranger", "SELECT name FROM testdata_report.widget", "SET ROLE bi_first").value(),
      Names{});
}

TEST_F(ReportingTest, PersonalFieldsTablesAndWritesAreOutOfReach) {
  for (const char* query :
       {"SELECT email FROM testdata_report.widget", "SELECT name FROM testdata.widget",
        "SELECT name FROM testdata.journal", "SELECT role::text FROM lotura_report.login",
        "UPDATE testdata_report.widget SET score = 1 RETURNING name",
        "DELETE FROM testdata_report.widget RETURNING name",
        "INSERT INTO lotura_report.login VALUES ('bi_stranger', gen_random_uuid()) RETURNING "
        "role::text",
        "CREATE TABLE testdata_report.own (i int)"}) {
    EXPECT_FALSE(As("bi_first", query).ok()) << query;
  }
}

// A function that costs nothing is asked before others, unless the view is a barrier.
TEST_F(ReportingTest, NoFunctionOfTheLoginMeetsAnotherTenantsRows) {
  Run("CREATE SCHEMA loose; GRANT ALL ON SCHEMA loose TO bi_first");
  const auto seen =
      As("bi_first", "SELECT name FROM testdata_report.widget WHERE loose.tell(display_name)", R"(
    CREATE FUNCTION loose.tell(t text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS
      $$ BEGIN IF t <> 'A' THEN RAISE EXCEPTION 'seen'; END IF; RETURN true; END $$)");

  EXPECT_EQ(seen.value(), Names{"widgets/a"});
}

TEST_F(ReportingTest, ItIsBroughtUpToDate) {
  ASSERT_THAT(Ensure(), IsOk());
  // As an older release had it, with a field that is gone.
  Run("DROP VIEW testdata_report.widget; CREATE VIEW testdata_report.widget AS SELECT 1 AS gone");

  ASSERT_THAT(Ensure(), IsOk());

  EXPECT_EQ(As("bi_first", "SELECT name FROM testdata_report.widget").value(), Names{"widgets/a"});
}

TEST_F(ReportingTest, WhatIsOfNoTypeAnyMoreIsNotRead) {
  Run(
      fmt::format("CREATE VIEW testdata_report.former AS SELECT 'x' AS name; "
                  "GRANT SELECT ON testdata_report.former TO {}",
                  kRole));
  ASSERT_EQ(As("bi_first", "SELECT name FROM testdata_report.former").value(), Names{"x"});

  ASSERT_THAT(Ensure(), IsOk());

  EXPECT_FALSE(As("bi_first", "SELECT name FROM testdata_report.former").ok());
}

TEST_F(ReportingTest, ARoleThatIsNotThereOrIsNoNameIsRefused) {
  EXPECT_THAT(Ensure("nobody"), StatusIs(absl::StatusCode::kFailedPrecondition, "ROLE_MISSING"));
  for (const char* name : {"", "a b", "x; DROP TABLE widget", "1st", "Upper"})
    EXPECT_THAT(Ensure(name), StatusIs(absl::StatusCode::kInvalidArgument, "NAME_INVALID")) << name;
}

}  // namespace
}  // namespace lotura::resource
