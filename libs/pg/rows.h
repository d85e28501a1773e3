// The rows that a statement returned, in PostgreSQL's binary format.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/uuid.h"
#include "libs/pg/result.h"

namespace lotura::pg {

enum class ValueType : std::uint32_t;

// Cheap to copy. Views stay valid as long as any copy lives. Reading NULL as a value is a broken
// invariant, and so is reading a value as another type than it has: what the statement returns is
// cast there, not here.
class Rows {
 public:
  explicit Rows(Result result);

  [[nodiscard]] std::size_t size() const { return rows_; }
  [[nodiscard]] bool empty() const { return size() == 0; }
  [[nodiscard]] std::size_t Columns() const { return types_->size(); }
  // What they take in memory: all values and more.
  [[nodiscard]] std::size_t MemoryBytes() const { return PQresultMemorySize(result_.get()); }
  [[nodiscard]] bool IsNull(std::size_t row, std::size_t column) const;
  // text, varchar, name, "char" and jsonb.
  [[nodiscard]] std::string_view Text(std::size_t row, std::size_t column) const;
  [[nodiscard]] std::string String(std::size_t row, std::size_t column) const {
    return std::string(Text(row, column));
  }
  // smallint, integer, bigint and oid.
  [[nodiscard]] std::int64_t Int(std::size_t row, std::size_t column) const;
  // real and double precision.
  [[nodiscard]] double Double(std::size_t row, std::size_t column) const;
  [[nodiscard]] bool Bool(std::size_t row, std::size_t column) const;
  // "-12.50": with the decimals that the value has.
  [[nodiscard]] std::string Numeric(std::size_t row, std::size_t column) const;
  [[nodiscard]] std::string Bytes(std::size_t row, std::size_t column) const;
  [[nodiscard]] Instant Time(std::size_t row, std::size_t column) const;
  [[nodiscard]] std::chrono::sys_days Date(std::size_t row, std::size_t column) const;
  [[nodiscard]] Uuid Id(std::size_t row, std::size_t column) const;
  // xid8.
  [[nodiscard]] std::uint64_t Xid(std::size_t row, std::size_t column) const;
  // text[] and name[] of one dimension, without NULL.
  [[nodiscard]] std::vector<std::string> Texts(std::size_t row, std::size_t column) const;

 private:
  // The value, which is of the type.
  [[nodiscard]] std::string_view ValueOf(ValueType type, std::size_t row, std::size_t column) const;
  [[nodiscard]] std::string_view ValueAt(std::size_t row, std::size_t column) const;

  // Shared by the copies of these rows.
  std::shared_ptr<const PGresult> result_;
  // Shared likewise.
  std::shared_ptr<const std::vector<ValueType>> types_;
  std::size_t rows_ = 0;
};

}  // namespace lotura::pg
