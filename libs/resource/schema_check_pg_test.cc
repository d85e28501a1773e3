// That a table which is not as its record type declares it is found.
#include "libs/resource/schema_check.h"

#include <gtest/gtest.h>

#include "libs/resource/testdata/bench.h"
#include "libs/testing/status_matchers.h"

namespace lotura::resource {
namespace {

using ::lotura::testing::IsOk;
using ::lotura::testing::StatusIs;
using ::testing::HasSubstr;

class SchemaCheckTest : public ::testing::Test {
 protected:
  absl::Status CheckAfter(const std::string& change) {
    const absl::Status changed =
        database_.WriteOne(Deadline::After(std::chrono::seconds(30)), [&](pg::Tx& tx) {
          tx.RunScript(change);
          return absl::OkStatus();
        });
    EXPECT_THAT(changed, IsOk());
    return CheckSchema(database_, catalog_);
  }

  pg::Database database_{
      {.conninfo = testdata::NewWidgetDatabase(), .schema = "testdata", .pool_size = 1}};
  const Catalog catalog_ = testdata::WidgetCatalog();
};

TEST_F(SchemaCheckTest, TableThatAgreesIsAccepted) {
  EXPECT_THAT(CheckSchema(database_, catalog_), IsOk());
}

struct Mutation {
  const char* change;
  const char* finding;
};

class SchemaMutationTest : public SchemaCheckTest,
                           public ::testing::WithParamInterface<Mutation> {};

TEST_P(SchemaMutationTest, IsFound) {
  const absl::Status status = CheckAfter(GetParam().change);

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kFailedPrecondition, "SCHEMA_DIFFERS"));
  EXPECT_THAT(Message(status), HasSubstr(GetParam().finding));
}

INSTANTIATE_TEST_SUITE_P(
    All, SchemaMutationTest,
    ::testing::Values(
        Mutation{"ALTER TABLE widget RENAME TO gadget", "the table does not exist"},
        Mutation{"ALTER TABLE widget DROP COLUMN origin",
                 "the column origin text NOT NULL is missing"},
        Mutation{"ALTER TABLE widget DROP COLUMN amount_currency",
                 "the column amount_currency text NULL is missing"},
        Mutation{"ALTER TABLE widget ADD COLUMN color text", "the column color is not declared"},
        Mutation{"ALTER TABLE widget ALTER COLUMN score TYPE integer",
                 "score is integer, not bigint"},
        Mutation{"ALTER TABLE widget ALTER COLUMN amount TYPE numeric(12, 2)",
                 "amount is numeric(12,2), not numeric"},
        Mutation{"ALTER TABLE widget ALTER COLUMN score DROP NOT NULL",
                 "score is NULL, not NOT NULL"},
        Mutation{"ALTER TABLE widget ALTER COLUMN due_date SET NOT NULL",
                 "due_date is NOT NULL, not NULL"},
        Mutation{"ALTER TABLE widget ALTER COLUMN origin TYPE text COLLATE \"default\"",
                 "origin is not COLLATE \"C\""},
        Mutation{"ALTER TABLE widget ALTER COLUMN tags TYPE text[] COLLATE \"default\"",
                 "tags is not COLLATE \"C\""},
        Mutation{"DROP INDEX widget_amount_idx",
                 "the order 'amount desc' has no index on (tenant_id, coalesce(amount, "
                 "0::numeric), name) WHERE delete_time IS NULL"},
        Mutation{"DROP INDEX widget_amount_idx; CREATE INDEX widget_amount_idx ON widget "
                 "(tenant_id, amount, name) WHERE delete_time IS NULL",
                 "the order 'amount desc' has no index"},
        Mutation{"DROP INDEX widget_amount_idx; CREATE INDEX widget_amount_idx ON widget "
                 "(tenant_id, coalesce(amount, 0::numeric) DESC, name DESC) WHERE delete_time IS "
                 "NULL",
                 "the order 'amount desc' has no index"},
        Mutation{"DROP INDEX widget_amount_idx; CREATE INDEX widget_amount_idx ON widget "
                 "(tenant_id, coalesce(amount, 0::numeric), name)",
                 "the order 'amount desc' has no index"},
        Mutation{"DROP INDEX widget_owner_amount_idx",
                 "the order 'amount desc' within 'owner' has no index on (tenant_id, owner, "
                 "coalesce(amount, 0::numeric), name) WHERE delete_time IS NULL"},
        Mutation{"DROP INDEX widget_owner_idx; CREATE INDEX widget_owner_idx ON widget (tenant_id, "
                 "owner)",
                 "the lookup 'owner' has no index that begins (tenant_id, owner, name)"},
        Mutation{
            "DROP INDEX widget_lookup_idx",
            "the lookup 'display_name' has no index that begins (tenant_id, display_name, name)"},
        Mutation{"DROP INDEX widget_lookup_idx; CREATE INDEX widget_lookup_idx ON widget "
                 "(tenant_id, display_name, name) WHERE delete_time IS NULL",
                 "the lookup 'display_name' has no index"},
        Mutation{"ALTER TABLE widget DROP CONSTRAINT widget_tenant_id_part_of_fkey",
                 "part_of has no foreign key (tenant_id, part_of) to widget (tenant_id, name)"},
        Mutation{"ALTER TABLE widget DROP CONSTRAINT widget_pkey CASCADE",
                 "the primary key is not (tenant_id, name)"}));

TEST_F(SchemaCheckTest, AllDifferencesAreNamedAtOnce) {
  const absl::Status status = CheckAfter(
      "DROP INDEX widget_amount_idx; ALTER TABLE widget DROP COLUMN origin, ADD COLUMN color text");

  EXPECT_EQ(InfoOf(status).metadata["count"], "3");
}

TEST_F(SchemaCheckTest, CommentExcusesAMissingForeignKey) {
  EXPECT_THAT(CheckAfter("ALTER TABLE widget DROP CONSTRAINT widget_tenant_id_part_of_fkey; "
                         "COMMENT ON COLUMN widget.part_of IS 'No foreign key: parts may come "
                         "before the whole'"),
              IsOk());
}

TEST_F(SchemaCheckTest, CommentWithoutAReasonExcusesNothing) {
  EXPECT_THAT(CheckAfter("ALTER TABLE widget DROP CONSTRAINT widget_tenant_id_part_of_fkey; "
                         "COMMENT ON COLUMN widget.part_of IS 'No foreign key: '"),
              StatusIs(absl::StatusCode::kFailedPrecondition, "SCHEMA_DIFFERS"));
}

}  // namespace
}  // namespace lotura::resource
