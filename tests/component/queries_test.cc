// That every statement of a .sql file can be prepared on the migrated schema of the services.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "libs/pg/queries.sql.h"
#include "libs/resource/queries.sql.h"
#include "libs/testing/service_bench.h"
#include "services/all/services.h"
#include "services/analytics/queries.sql.h"
#include "services/communications/queries.sql.h"
#include "services/directory/queries.sql.h"

namespace lotura::component {
namespace {

using testing::IsOk;

using Queries = std::vector<const pg::Query*>;

// Services that have statements of their own.
const std::map<std::string, const Queries*> kOfServices = {
    {"analytics", &analytics::sql::kAll},
    {"communications", &communications::sql::kAll},
    {"directory", &directory::sql::kAll}};

class QueriesTest : public ::testing::TestWithParam<host::ServiceSpec> {
 protected:
  // What is wrong with the statement; OK if nothing is.
  absl::Status Prepare(const pg::Query& query) {
    return database_.WriteOne(Deadline::After(std::chrono::seconds(30)), [&](pg::Tx& tx) {
      tx.RunScript(fmt::format("PREPARE checked AS {}; DEALLOCATE checked", query.text));
      return absl::OkStatus();
    });
  }

  pg::Database database_{{.conninfo = testing::NewServiceDatabase(GetParam()),
                          .schema = GetParam().name,
                          .pool_size = 1}};
};

TEST_P(QueriesTest, AreListedHereIfTheServiceHasAny) {
  bool has_queries = false;
  for (const auto& file :
       std::filesystem::directory_iterator(LOTURA_SERVICES_FOLDER "/" + GetParam().name))
    has_queries = has_queries || file.path().extension() == ".sql";

  EXPECT_EQ(kOfServices.contains(GetParam().name), has_queries);
}

TEST_P(QueriesTest, PrepareOnTheMigratedSchema) {
  std::vector<const Queries*> all = {&pg::sql::kAll, &resource::sql::kAll};
  if (const auto own = kOfServices.find(GetParam().name); own != kOfServices.end())
    all.push_back(own->second);

  for (const Queries* queries : all) {
    for (const pg::Query* query : *queries) EXPECT_THAT(Prepare(*query), IsOk()) << query->name;
  }
}

INSTANTIATE_TEST_SUITE_P(All, QueriesTest, ::testing::ValuesIn(AllServices()),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace lotura::component
