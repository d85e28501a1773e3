// What the program prints: tables for people, JSON for programs.
#pragma once

#include <absl/status/status.h>

#include <ostream>
#include <span>
#include <string>
#include <vector>

#include "tools/lotura/api/resource_model.h"
#include "tools/lotura/terminal/style.h"

namespace lotura::cli {

namespace pbuf = google::protobuf;

enum class Format { kTable, kJson };

// Where output goes and what it looks like there.
struct Output {
  std::ostream& out;
  std::ostream& err;
  terminal::Style style;
  terminal::Style err_style;
  Format format = Format::kTable;
};

// One record with all its fields.
void PrintRecord(const pbuf::Message& record, const Output& output);

// Records of one type, given page by page: a table for each page, or one JSON array.
class RecordList {
 public:
  // `columns` are fields; empty: all that fit, the first ones first.
  RecordList(const Output& output, std::vector<std::string> columns)
      : output_(output), columns_(std::move(columns)) {}

  // INVALID_ARGUMENT FIELD_UNKNOWN for a column that the type does not have.
  absl::Status Print(std::span<const pbuf::Message* const> page);
  // After the last page.
  void Finish();

 private:
  absl::Status PrintTable(std::span<const pbuf::Message* const> page) const;

  const Output& output_;
  const std::vector<std::string> columns_;
  std::size_t printed_ = 0;
};

// One line: code, message, and all wrong fields with their reasons; as JSON an object "error".
void PrintError(const absl::Status& status, const Output& output);

}  // namespace lotura::cli
