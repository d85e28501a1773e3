#include "tools/lotura/output.h"

#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>

#include "libs/base/errors.h"
#include "tools/lotura/api/field_text.h"
#include "tools/lotura/api/json.h"
#include "tools/lotura/terminal/display_width.h"
#include "tools/lotura/terminal/table.h"

namespace lotura::cli {
namespace {

using pbuf::FieldDescriptor;

// Fields that say little to a person who looks at a list.
bool IsListed(const FieldDescriptor& field) {
  static constexpr std::array<std::string_view, 3> kTechnical{"etag", "create_time", "update_time"};
  if (std::ranges::find(kTechnical, field.name()) != kTechnical.end()) return false;
  if (field.message_type() == nullptr) return true;
  const std::string& type = field.message_type()->full_name();
  return !field.is_repeated() &&
         (type.starts_with("google.type.Money") || type.starts_with("google.type.Date") ||
          type.starts_with("google.protobuf."));
}

terminal::Align AlignOf(const FieldDescriptor& field) {
  const bool is_money =
      field.message_type() != nullptr && field.message_type()->full_name() == "google.type.Money";
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
    case FieldDescriptor::CPPTYPE_ENUM:
    case FieldDescriptor::CPPTYPE_BOOL:
      return terminal::Align::kLeft;
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return is_money ? terminal::Align::kRight : terminal::Align::kLeft;
    default:
      return terminal::Align::kRight;
  }
}

std::vector<const FieldDescriptor*> ListedFields(const pbuf::Descriptor& type) {
  std::vector<const FieldDescriptor*> fields;
  for (int i = 0; i < type.field_count(); ++i) {
    if (IsListed(*type.field(i))) fields.push_back(type.field(i));
  }
  return fields;
}

std::string JsonOf(const absl::Status& status) {
  const ErrorInfo info = InfoOf(status);
  nlohmann::ordered_json error{{"code", static_cast<int>(status.code())},
                               {"status", absl::StatusCodeToString(status.code())},
                               {"reason", info.reason},
                               {"message", Message(status)}};
  if (!info.metadata.empty()) error["metadata"] = info.metadata;
  for (const FieldViolation& violation : ViolationsOf(status)) {
    error["violations"].push_back({{"field", violation.field},
                                   {"reason", violation.reason},
                                   {"description", violation.description}});
  }
  // Bytes that are not UTF-8 must not make the report of an error fail.
  return nlohmann::ordered_json{{"error", error}}.dump(
      -1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace

void PrintRecord(const pbuf::Message& record, const Output& output) {
  if (output.format == Format::kJson) {
    output.out << api::ToJson(record, api::JsonStyle::kIndented) << "\n";
    return;
  }
  const pbuf::Descriptor& type = *record.GetDescriptor();
  std::size_t width = 0;
  for (int i = 0; i < type.field_count(); ++i)
    width = std::max(width, type.field(i)->name().size());
  for (int i = 0; i < type.field_count(); ++i) {
    const std::string text = api::ToText(record, *type.field(i));
    if (text.empty()) continue;
    const std::string label = fmt::format("{:<{}}", type.field(i)->name(), width);
    output.out << output.style.Strong(label) << "  " << terminal::Printable(text) << "\n";
  }
}

absl::Status RecordList::Print(std::span<const pbuf::Message* const> page) {
  if (output_.format == Format::kTable) return PrintTable(page);
  for (const pbuf::Message* record : page) {
    output_.out << (printed_ == 0 ? "[\n" : ",\n")
                << api::ToJson(*record, api::JsonStyle::kCompact);
    ++printed_;
  }
  return absl::OkStatus();
}

absl::Status RecordList::PrintTable(std::span<const pbuf::Message* const> page) const {
  if (page.empty()) return absl::OkStatus();
  const pbuf::Descriptor& type = *page.front()->GetDescriptor();
  std::vector<const FieldDescriptor*> fields = ListedFields(type);
  if (!columns_.empty()) {
    fields.clear();
    for (const std::string& column : columns_) {
      fields.push_back(type.FindFieldByName(column));
      if (fields.back() == nullptr) {
        return InvalidArgument(column, "FIELD_UNKNOWN",
                               fmt::format("{} has no field of this name", type.name()));
      }
    }
  }
  terminal::Table table(columns_.empty() ? terminal::Overflow::kDropColumns
                                         : terminal::Overflow::kShorten);
  for (const FieldDescriptor* field : fields) table.AddColumn(field->name(), AlignOf(*field));
  for (const pbuf::Message* record : page) {
    std::vector<std::string> cells;
    cells.reserve(fields.size());
    for (const FieldDescriptor* field : fields) cells.push_back(api::ToText(*record, *field));
    table.AddRow(std::move(cells));
  }
  output_.out << table.Render(output_.style);
  return absl::OkStatus();
}

void RecordList::Finish() {
  if (output_.format == Format::kJson) output_.out << (printed_ == 0 ? "[]\n" : "\n]\n");
  output_.out.flush();
}

void PrintError(const absl::Status& status, const Output& output) {
  if (output.format == Format::kJson) {
    output.err << JsonOf(status) << "\n";
    return;
  }
  const auto violations = ViolationsOf(status);
  // The message of a single violation says all of it, that of several only the first.
  const bool has_several = violations.size() > 1;
  std::string line = fmt::format(
      "lotura: {} ({}): {}", std::string(absl::StatusCodeToString(status.code())), ReasonOf(status),
      has_several ? fmt::format("{} fields are wrong", violations.size()) : Message(status));
  if (has_several) {
    for (const FieldViolation& violation : violations) {
      line +=
          fmt::format("; {}: {} ({})", violation.field, violation.description, violation.reason);
    }
  }
  output.err << terminal::Printable(line) << "\n";
}

}  // namespace lotura::cli
