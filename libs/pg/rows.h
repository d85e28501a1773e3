// The rows that a statement returned.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/uuid.h"

namespace pqxx {
class result;
}

namespace lotura::pg {

// Cheap to copy. Views stay valid as long as any copy lives. Reading NULL as a value is a broken
// invariant.
class Rows {
 public:
  explicit Rows(const pqxx::result& result);

  [[nodiscard]] std::size_t size() const { return rows_; }
  [[nodiscard]] bool empty() const { return size() == 0; }
  [[nodiscard]] std::size_t Columns() const { return columns_; }
  [[nodiscard]] bool IsNull(std::size_t row, std::size_t column) const {
    return CellAt(row, column).data() == nullptr;
  }
  [[nodiscard]] std::string_view Text(std::size_t row, std::size_t column) const;
  [[nodiscard]] std::string String(std::size_t row, std::size_t column) const {
    return std::string(Text(row, column));
  }
  [[nodiscard]] std::int64_t Int(std::size_t row, std::size_t column) const;
  [[nodiscard]] double Double(std::size_t row, std::size_t column) const;
  [[nodiscard]] bool Bool(std::size_t row, std::size_t column) const;
  [[nodiscard]] std::string Bytes(std::size_t row, std::size_t column) const;
  [[nodiscard]] Instant Time(std::size_t row, std::size_t column) const;
  [[nodiscard]] Uuid Id(std::size_t row, std::size_t column) const;
  [[nodiscard]] std::vector<std::string> Texts(std::size_t row, std::size_t column) const;

 private:
  struct Content;

  // Without data if it is NULL.
  [[nodiscard]] std::string_view CellAt(std::size_t row, std::size_t column) const;

  // Shared by the copies of these rows.
  std::shared_ptr<const Content> content_;
  std::size_t rows_ = 0;
  std::size_t columns_ = 0;
};

// Reads "2026-01-31 08:15:00.123456+00", the ISO form of a session in UTC.
std::optional<Instant> ParseTimestamp(std::string_view text);
// Reads "{a,\"b c\"}".
std::vector<std::string> ParseArray(std::string_view text);

}  // namespace lotura::pg
