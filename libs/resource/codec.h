// Records as rows: which columns a declaration has, how values go to the server and come back.
#pragma once

#include <string>
#include <vector>

#include "libs/pg/copy_rows.h"
#include "libs/pg/params.h"
#include "libs/pg/rows.h"
#include "libs/resource/declaration.h"
#include "libs/resource/store.h"

namespace lotura::resource {

// A column of the table. An amount of money has two.
struct TableColumn {
  const Column* column = nullptr;
  std::string name;
  // Type of the array that carries the values, and what its elements are cast to ("" or
  // "::numeric").
  pg::Type wire_type = pg::Type::kText;
  std::string cast;
  // True for the currency of an amount.
  bool is_currency = false;
};

// Immutable and shared by all threads.
class Codec {
 public:
  explicit Codec(const Declaration& declaration);

  [[nodiscard]] const std::vector<TableColumn>& columns() const { return columns_; }
  // "name, version, create_time, update_time, delete_time, display_name, ...": what ReadRow
  // expects.
  [[nodiscard]] const std::string& select_list() const { return select_list_; }

  // Appends the value of each column to the array of the same place.
  void AppendRow(const pbuf::Message& record, std::vector<pg::Array>& arrays) const;
  // Appends them to a row of COPY, each as its column has it.
  void AppendRow(const pbuf::Message& record, pg::CopyRows& rows) const;
  // The message lies on the arena if there is one, and keeps it.
  [[nodiscard]] Record ReadRow(const pg::Rows& rows, std::size_t row,
                               const std::shared_ptr<pbuf::Arena>& arena = nullptr) const;

 private:
  const Declaration& declaration_;
  std::vector<TableColumn> columns_;
  std::string select_list_;
};

// The etag of a version.
std::string EtagOf(std::int64_t version);
// Sets name, etag and times, which the engine alone decides.
void SetTimestamp(pbuf::Message& record, const pbuf::FieldDescriptor* field, Instant time);
Instant GetTimestamp(const pbuf::Message& record, const pbuf::FieldDescriptor* field);
// Name of an enum value without the prefix of its type: "OPEN" of STATE_OPEN; a number that the
// type does not know is "UNSPECIFIED".
std::string EnumText(const pbuf::EnumDescriptor& type, int number);
// The number of such a text, if the type has it.
std::optional<int> EnumNumber(const pbuf::EnumDescriptor& type, std::string_view text);
// "12.5", "-0.000000001": an amount of money as a decimal number without trailing zeros.
std::string DecimalOf(std::int64_t units, std::int32_t nanos);

}  // namespace lotura::resource
