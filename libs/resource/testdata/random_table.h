// A table of records at random, for tests that hold a condition in SQL equal to a function.
#pragma once

#include <cstdlib>
#include <functional>
#include <random>
#include <set>

#include "libs/resource/codec.h"
#include "libs/resource/filter_sql.h"
#include "libs/resource/testdata/array_type.h"
#include "libs/resource/testdata/random_records.h"
#include "libs/testing/postgres.h"

namespace lotura::resource {

// A run is repeated by giving the seed that it printed.
inline std::uint64_t SeedOfRun() {
  const char* given = std::getenv(
      "LOTURA_TEST_SEED");  // NOLINT(concurrency-mt-unsafe): the test has one thread here
  return given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device()();
}

inline std::string_view SqlTypeOf(const TableColumn& column) {
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
  static constexpr int kRecords = 120;
  using Records = std::vector<std::unique_ptr<pbuf::Message>>;

  // `finish` may change the records before they are written.
  RandomTable(Dice& dice, const Declaration& declaration,
              const std::function<void(pbuf::Message&)>& finish = {})
      : declaration_(declaration),
        codec_(declaration),
        database_({.conninfo = testing::Postgres().Conninfo(testing::Postgres().NewDatabase()),
                   .pool_size = 1}) {
    RecordMaker maker(dice, declaration);
    for (int i = 0; i < kRecords; ++i) {
      records_.push_back(maker.Make(i));
      if (finish) finish(*records_.back());
    }
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
      columns += fmt::format(", {} {}", column.name, SqlTypeOf(column));
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
    return database_.Write(Deadline::After(std::chrono::seconds(60)), [&](pg::Tx& tx) {
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
    return database_.Read(Deadline::After(std::chrono::seconds(60)),
                          [&](pg::Tx& tx) -> absl::StatusOr<std::set<std::string>> {
                            std::set<std::string> names;
                            const pg::Rows rows = tx.RunBuilt("select", query, params);
                            for (std::size_t i = 0; i < rows.size(); ++i)
                              names.insert(rows.String(i, 0));
                            return names;
                          });
  }

  [[nodiscard]] const Records& records() const { return records_; }

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
  Records records_;
};

}  // namespace lotura::resource
