#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>

#include "libs/resource/codec.h"
#include "libs/resource/filter_check.h"
#include "libs/resource/filter_predicate.h"
#include "libs/resource/filter_sql.h"
#include "libs/resource/testdata/array_type.h"
#include "libs/resource/testdata/random_filters.h"
#include "libs/resource/testdata/random_records.h"
#include "libs/resource/testdata/specimens.h"
#include "libs/testing/postgres.h"
#include "libs/testing/status_matchers.h"
#include "lotura/accounts/v1/organization.pb.h"
#include "lotura/accounts/v1/person.pb.h"
#include "lotura/communications/v1/activity.pb.h"
#include "lotura/sales/v1/opportunity.pb.h"

namespace lotura::resource {
namespace {

using testing::IsOk;

constexpr Instant kNow{std::chrono::sys_days{std::chrono::year{2026} / 1 / 15} +
                       std::chrono::hours(12)};
constexpr int kRecords = 120;
constexpr int kFilters = 300;

Deadline Soon() { return Deadline::After(std::chrono::seconds(60)); }

// A run is repeated by giving the seed that it printed.
std::uint64_t Seed() {
  const char* given = std::getenv(
      "LOTURA_TEST_SEED");  // NOLINT(concurrency-mt-unsafe): the test has one thread here
  return given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device()();
}

std::string_view SqlType(const TableColumn& column) {
  if (column.is_currency) return "text COLLATE \"C\"";
  switch (column.column->type) {
    case ColumnType::kText:
    case ColumnType::kEnum:
      return "text COLLATE \"C\"";
    case ColumnType::kInt64:
      return "bigint";
    case ColumnType::kDouble:
      return "double precision";
    case ColumnType::kBool:
      return "boolean";
    case ColumnType::kTimestamp:
      return "timestamptz";
    case ColumnType::kDate:
      return "date";
    case ColumnType::kMoney:
      return "numeric";
    case ColumnType::kTextArray:
      return "text[]";
    case ColumnType::kJson:
      return "jsonb";
  }
  return "";
}

// The table of a declaration with records at random in it, written as the engine writes them.
class RandomTable {
 public:
  RandomTable(Dice& dice, const Declaration& declaration)
      : declaration_(declaration),
        codec_(declaration),
        database_({.conninfo = testing::Postgres().Conninfo(testing::Postgres().NewDatabase()),
                   .pool_size = 1}) {
    RecordMaker maker(dice, declaration);
    for (int i = 0; i < kRecords; ++i) records_.push_back(maker.Make(i));
  }

  absl::Status Fill() {
    std::string columns =
        "name text COLLATE \"C\", create_time timestamptz, update_time timestamptz, delete_time "
        "timestamptz";
    std::string types = "$1::text[], $2::timestamptz[], $3::timestamptz[], $4::timestamptz[]";
    std::string names = "name, create_time, update_time, delete_time";
    std::string values = names;
    std::vector<pg::Array> arrays;
    for (const TableColumn& column : codec_.columns()) {
      arrays.emplace_back(column.wire_type);
      columns += fmt::format(", {} {}", column.name, SqlType(column));
      types += fmt::format(", ${}::{}", arrays.size() + 4, ArrayType(column.wire_type));
      names += ", " + column.name;
      values += fmt::format(", {}{}", column.name, column.cast);
    }
    pg::Params params = StandardColumns();
    for (const auto& record : records_) codec_.AppendRow(*record, arrays);
    for (const pg::Array& array : arrays) params.Add(array);
    const std::string create = fmt::format("CREATE TABLE {} ({})", declaration_.table(), columns);
    const std::string insert =
        fmt::format("INSERT INTO {0} ({1}) SELECT {2} FROM unnest({3}) AS t({1})",
                    declaration_.table(), names, values, types);
    return database_.Write(Soon(), [&](pg::Tx& tx) {
      tx.RunScript(create);
      tx.RunBuilt("fill", insert, params);
      return absl::OkStatus();
    });
  }

  absl::StatusOr<std::set<std::string>> Select(const SqlFragment& condition) {
    pg::Params params;
    for (const std::string& value : condition.params) params.Raw(value);
    const std::string query =
        fmt::format("SELECT name FROM {} WHERE {}", declaration_.table(), condition.text);
    return database_.Read(Soon(), [&](pg::Tx& tx) -> absl::StatusOr<std::set<std::string>> {
      std::set<std::string> names;
      const pg::Rows rows = tx.RunBuilt("select", query, params);
      for (std::size_t i = 0; i < rows.size(); ++i) names.insert(rows.String(i, 0));
      return names;
    });
  }

  [[nodiscard]] const std::vector<std::unique_ptr<pbuf::Message>>& records() const {
    return records_;
  }

 private:
  pg::Params StandardColumns() const {
    pg::Array names(pg::Type::kText);
    std::vector<pg::Array> times(3, pg::Array(pg::Type::kTimestamptz));
    const pbuf::FieldDescriptor* fields[] = {declaration_.create_time_field(),
                                             declaration_.update_time_field(),
                                             declaration_.delete_time_field()};
    for (const auto& record : records_) {
      names.Add(declaration_.NameOf(*record));
      for (std::size_t i = 0; i < times.size(); ++i) {
        if (fields[i] != nullptr && record->GetReflection()->HasField(*record, fields[i])) {
          times[i].Add(pg::binary::Timestamp(GetTimestamp(*record, fields[i])));
        } else {
          times[i].AddNull();
        }
      }
    }
    pg::Params params;
    params.Add(names);
    for (const pg::Array& array : times) params.Add(array);
    return params;
  }

  const Declaration& declaration_;
  Codec codec_;
  pg::Database database_;
  std::vector<std::unique_ptr<pbuf::Message>> records_;
};

// The filter with a few pieces cut out, doubled or put elsewhere; often it still is one.
std::string Damaged(Dice& dice, std::string text) {
  constexpr std::string_view kPieces[] = {" ", "(", ")",    "*", "\"",         "\\", "%", "-",
                                          ":", ".", "NOT ", "0", "9999999999", "'",  "=", "\xc3"};
  for (std::size_t left = dice.Below(3) + 1; left > 0 && !text.empty(); --left) {
    const std::size_t at = dice.Below(text.size());
    if (dice.OneIn(2)) {
      text.erase(at, dice.Below(3) + 1);
    } else {
      text.insert(at, dice.Pick(kPieces));
    }
  }
  return text;
}

// Runs the filter in both forms. Nothing if it is no filter; otherwise how many records pass.
std::optional<std::size_t> CompareBothForms(RandomTable& table, const Declaration& declaration,
                                            const std::string& text) {
  const auto filter = CompileFilter(text, declaration, kNow);
  if (!filter.ok()) return std::nullopt;
  const SqlFragment sql = FilterToSql(*filter, 1);
  const auto selected = table.Select(sql);
  EXPECT_THAT(selected, IsOk()) << text << "\n" << sql.text;
  if (!selected.ok()) return std::nullopt;
  for (const auto& record : table.records()) {
    const bool in_sql = selected->contains(declaration.NameOf(*record));
    EXPECT_EQ(FilterMatches(*filter, *record), in_sql) << text << "\n"
                                                       << sql.text << "\n"
                                                       << record->DebugString();
    if (::testing::Test::HasFailure()) break;
  }
  return selected->size();
}

class FilterEqualityTest : public ::testing::TestWithParam<const pbuf::Descriptor*> {};

TEST_P(FilterEqualityTest, RowsAndRecordsPassTheSameFilters) {
  const std::uint64_t seed = Seed();
  std::cout << GetParam()->name() << ": LOTURA_TEST_SEED=" << seed << "\n";
  ASSERT_OK_AND_ASSIGN(const auto declaration, Declaration::Compile(GetParam()));
  Dice dice(seed);
  RandomTable table(dice, *declaration);
  ASSERT_THAT(table.Fill(), IsOk());
  FilterMaker maker(dice, *declaration);
  int compared = 0;
  int parting = 0;

  for (int i = 0; i < kFilters && !HasFailure(); ++i) {
    const std::string text = maker.Make();
    EXPECT_THAT(CompileFilter(text, *declaration, kNow), IsOk()) << text;
    const auto passing = CompareBothForms(table, *declaration, text);
    const auto damaged = CompareBothForms(table, *declaration, Damaged(dice, text));
    compared += kRecords * (1 + static_cast<int>(damaged.has_value()));
    if (passing.has_value() && *passing > 0 && *passing < table.records().size()) ++parting;
  }

  std::cout << compared << " pairs; " << parting << " of " << kFilters
            << " filters part the records\n";
  EXPECT_GE(compared, 20'000);
  EXPECT_GT(parting, kFilters / 4);
}

INSTANTIATE_TEST_SUITE_P(Declarations, FilterEqualityTest,
                         ::testing::Values(testdata::v1::Specimen::descriptor(),
                                           accounts::v1::Organization::descriptor(),
                                           accounts::v1::Person::descriptor(),
                                           sales::v1::Opportunity::descriptor(),
                                           communications::v1::Activity::descriptor()),
                         [](const auto& tested) { return tested.param->name(); });

}  // namespace
}  // namespace lotura::resource
