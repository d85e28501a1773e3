// That the tables of all services are those that their record types declare.
#include <gtest/gtest.h>

#include "libs/resource/schema_check.h"
#include "libs/testing/service_bench.h"
#include "services/all/services.h"

namespace lotura::component {
namespace {

using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;

class SchemaTest : public ::testing::TestWithParam<host::ServiceSpec> {
 protected:
  pg::Database database_{{.conninfo = testing::NewServiceDatabase(GetParam()),
                          .schema = GetParam().name,
                          .pool_size = 1}};
  const resource::Catalog catalog_ = testing::CatalogOf(GetParam());
};

TEST_P(SchemaTest, TablesAreAsDeclared) {
  EXPECT_THAT(resource::CheckSchema(database_, catalog_), IsOk());
}

INSTANTIATE_TEST_SUITE_P(All, SchemaTest, ::testing::ValuesIn(AllServices()),
                         [](const auto& test) { return test.param.name; });

// What a table of its own in the tests of the engine has no part in: records that stand under
// others.
TEST(SchemaOfChildrenTest, IndexAndForeignKeyOfTheParentAreMissed) {
  pg::Database database(
      {.conninfo = testing::NewServiceDatabase(sales::Spec()), .schema = "sales", .pool_size = 1});
  const resource::Catalog catalog = testing::CatalogOf(sales::Spec());
  ASSERT_THAT(database.WriteOne(Deadline::After(std::chrono::seconds(30)),
                                [](pg::Tx& tx) {
                                  tx.RunScript(
                                      "DROP INDEX price_tenant_id_parent_name_idx; "
                                      "ALTER TABLE price DROP CONSTRAINT "
                                      "price_tenant_id_parent_fkey");
                                  return absl::OkStatus();
                                }),
              IsOk());

  const absl::Status status = resource::CheckSchema(database, catalog);

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kFailedPrecondition, "SCHEMA_DIFFERS"));
  EXPECT_THAT(Message(status), HasSubstr("the parent has no index"));
  EXPECT_THAT(Message(status), HasSubstr("parent has no foreign key"));
}

}  // namespace
}  // namespace lotura::component
