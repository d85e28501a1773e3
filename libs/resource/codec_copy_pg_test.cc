// A record that comes by COPY is the one that a statement writes.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <numeric>

#include "libs/pg/database.h"
#include "libs/resource/codec.h"
#include "libs/resource/testdata/array_type.h"
#include "libs/resource/testdata/random_records.h"
#include "libs/resource/testdata/specimens.h"
#include "libs/testing/postgres.h"
#include "libs/testing/select.h"
#include "libs/testing/status_matchers.h"
#include "lotura/accounts/v1/organization.pb.h"
#include "lotura/sales/v1/opportunity.pb.h"

namespace lotura::resource {
namespace {

constexpr int kRecords = 200;

// Records at random in both forms.
class BothForms {
 public:
  explicit BothForms(const Declaration& declaration)
      : codec_(declaration), rows_(codec_.columns().size()) {
    for (const TableColumn& column : codec_.columns()) arrays_.emplace_back(column.wire_type);
    Dice dice(7);
    RecordMaker maker(dice, declaration);
    for (int i = 0; i < kRecords; ++i) {
      const auto record = maker.Make(i);
      codec_.AppendRow(*record, arrays_);
      codec_.AppendRow(*record, rows_);
    }
  }

  // Makes a table of either form.
  void Write(pg::Tx& tx) const {
    std::string names;
    std::string values;
    std::string types;
    pg::Params params;
    for (std::size_t i = 0; i < arrays_.size(); ++i) {
      const TableColumn& column = codec_.columns()[i];
      const char* comma = i == 0 ? "" : ", ";
      names += comma + column.name;
      values += fmt::format("{0}{1}{2} AS {1}", comma, column.name, column.cast);
      types += fmt::format("{}${}::{}", comma, i + 1, ArrayType(column.wire_type));
      params.Add(arrays_[i]);
    }
    tx.RunBuilt("write",
                fmt::format("CREATE TABLE written AS SELECT {} FROM unnest({}) AS t({})", values,
                            types, names),
                params);
    tx.RunScript("CREATE TABLE copied (LIKE written)");
    std::vector<std::size_t> places(rows_.size());
    std::iota(places.begin(), places.end(), std::size_t{0});
    tx.Copy("copy", fmt::format("COPY copied ({}) FROM STDIN (FORMAT binary)", names), rows_,
            places);
  }

 private:
  const Codec codec_;
  std::vector<pg::Array> arrays_;
  pg::CopyRows rows_;
};

class CodecCopyTest : public ::testing::TestWithParam<const pbuf::Descriptor*> {};

TEST_P(CodecCopyTest, BothFormsAreTheSameRows) {
  ASSERT_OK_AND_ASSIGN(const auto declaration, Declaration::Compile(GetParam()));
  const BothForms forms(*declaration);
  pg::Database database(
      {.conninfo = testing::Postgres().Conninfo(testing::Postgres().NewDatabase()),
       .pool_size = 1});
  const Deadline soon = Deadline::After(std::chrono::seconds(60));

  const auto same = database.Write(soon, [&](pg::Tx& tx) -> absl::StatusOr<std::int64_t> {
    forms.Write(tx);
    return testing::Select(tx,
                           "SELECT count(*) FROM (SELECT w::text FROM written w INTERSECT ALL "
                           "SELECT c::text FROM "
                           "copied c) AS same")
        .Int(0, 0);
  });

  ASSERT_THAT(same, testing::IsOk());
  EXPECT_EQ(*same, kRecords);
}

INSTANTIATE_TEST_SUITE_P(Declarations, CodecCopyTest,
                         ::testing::Values(testdata::v1::Specimen::descriptor(),
                                           accounts::v1::Organization::descriptor(),
                                           sales::v1::Opportunity::descriptor()),
                         [](const auto& tested) { return tested.param->name(); });

}  // namespace
}  // namespace lotura::resource
