// Rows that a newer release of a service may have written.
#include "libs/resource/codec.h"

#include <gtest/gtest.h>

#include "libs/pg/database.h"
#include "libs/resource/testdata/specimens.h"
#include "libs/testing/postgres.h"
#include "libs/testing/select.h"

namespace lotura::resource {
namespace {

class CodecTest : public ::testing::Test {
 protected:
  // A row in which only this column is set.
  Record Read(const std::string& column, const std::string& value) {
    std::string list =
        "'specimens/a', 3::bigint, now(), now(), "
        "NULL::timestamptz";
    for (const TableColumn& known : codec_.columns())
      list += known.name == column ? ", " + value : ", NULL";
    return database_
        .Read(Deadline::After(std::chrono::seconds(10)),
              [&](pg::Tx& tx) -> absl::StatusOr<Record> {
                return codec_.ReadRow(testing::Select(tx, "SELECT " + list), 0);
              })
        .value();
  }

  const Codec codec_{SpecimenDeclaration()};
  pg::Database database_{{.conninfo = testing::Postgres().Conninfo("postgres"), .pool_size = 1}};
};

TEST_F(CodecTest, KnownValuesAreUnderstood) {
  const Record kind = Read("kind", "'PLANT'");
  const Record place = Read("place", R"('{"locality": "Bilbao", "kind": "KIND_STONE"}'::jsonb)");

  EXPECT_FALSE(kind.newer);
  EXPECT_EQ(static_cast<const pb::Specimen&>(*kind.message).kind(), pb::KIND_PLANT);
  EXPECT_FALSE(place.newer);
  EXPECT_EQ(static_cast<const pb::Specimen&>(*place.message).place().kind(), pb::KIND_STONE);
}

TEST_F(CodecTest, ValuesOfANewerReleaseAreNoticed) {
  EXPECT_TRUE(Read("kind", "'FUNGUS'").newer);
  EXPECT_TRUE(Read("place", R"('{"kind": "KIND_FUNGUS"}'::jsonb)").newer);
  EXPECT_TRUE(Read("places", R"('[{"locality": "Bilbao"}, {"altitude": 19}]'::jsonb)").newer);
}

TEST_F(CodecTest, WhatIsKnownBesideThemIsRead) {
  const Record place = Read("place", R"('{"locality": "Bilbao", "altitude": 19}'::jsonb)");

  EXPECT_EQ(static_cast<const pb::Specimen&>(*place.message).place().locality(), "Bilbao");
}

}  // namespace
}  // namespace lotura::resource
