#include "tools/lotura/importer/row_values.h"

#include <fmt/format.h>

#include <algorithm>

#include "libs/base/errors.h"
#include "libs/base/text.h"
#include "tools/lotura/api/field_text.h"
#include "tools/lotura/importer/decimal.h"

namespace lotura::importer {
namespace {

absl::Status Rejected(std::string_view reason, std::string_view why) {
  return Error(absl::StatusCode::kInvalidArgument, reason, why);
}

std::string UpperAscii(std::string text) {
  std::ranges::transform(text, text.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return text;
}

}  // namespace

std::string_view RowValues::Cell(const std::string& column) const {
  const auto found = table_.FindColumn(column);
  return found.has_value() && *found < row_.cells.size() ? row_.cells[*found] : std::string_view();
}

bool RowValues::Applies() const {
  return std::ranges::all_of(step_.when, [&](const Condition& condition) {
    return std::ranges::find(condition.values, Trim(Cell(condition.column))) !=
           condition.values.end();
  });
}

absl::StatusOr<std::string> RowValues::Value(const ValueRule& rule) {
  std::string text = rule.text.Fill([this](const std::string& column) { return Cell(column); });
  for (const ValueRule& choice : rule.first_of) {
    LOTURA_ASSIGN_OR_RETURN(text, Value(choice));
    if (!text.empty()) break;
  }
  if (text.empty()) {
    if (rule.when_empty != WhenEmpty::kReject) return text;
    return Rejected("VALUE_EMPTY", "a value that must be there is empty");
  }
  switch (rule.form) {
    case TextForm::kAsIs:
      break;
    case TextForm::kSlug:
      text = slugs_.Make(text);
      break;
    case TextForm::kLower:
      text = ToLowerAscii(text);
      break;
    case TextForm::kUpper:
      text = UpperAscii(std::move(text));
      break;
  }
  if (!rule.map.empty()) {
    LOTURA_ASSIGN_OR_RETURN(text, Mapped(rule, std::move(text)));
  } else if (!rule.record_of.empty()) {
    LOTURA_ASSIGN_OR_RETURN(text, RecordName(rule, text));
  }
  return Converted(rule, std::move(text));
}

absl::StatusOr<std::string> RowValues::Mapped(const ValueRule& rule, std::string text) const {
  const auto& map = mapping_.maps.at(rule.map);
  const auto found = map.find(text);
  if (found != map.end()) return found->second;
  switch (rule.map_otherwise) {
    case Otherwise::kKeep:
      return text;
    case Otherwise::kEmpty:
      return std::string();
    case Otherwise::kReject:
      break;
  }
  return Rejected("VALUE_NOT_MAPPED",
                  fmt::format("the map '{}' does not know '{}'", rule.map, text));
}

absl::StatusOr<std::string> RowValues::RecordName(const ValueRule& rule, const std::string& key) {
  const RecordIndex::Record* record = index_.Find(rule.record_of, key);
  if (record == nullptr) {
    if (rule.record_otherwise == Otherwise::kEmpty) return std::string();
    return Rejected("RECORD_UNKNOWN",
                    fmt::format("no row of step '{}' has the key '{}'", rule.record_of, key));
  }
  if (!record->missing.empty()) {
    return Rejected("RECORD_REJECTED", fmt::format("'{}' of step '{}' is not there: {}", key,
                                                   rule.record_of, record->missing));
  }
  if (rule.record_of == step_.name) own_references_.insert(key);
  const bool same_service = record->type->service == step_.type->service;
  return same_service ? record->name : record->type->Host() + record->name;
}

absl::StatusOr<std::string> RowValues::Converted(const ValueRule& rule, std::string text) const {
  if (text.empty()) return text;
  if (rule.date.has_value()) {
    auto iso = rule.date->ToIso(text);
    if (iso.has_value()) return *std::move(iso);
    return Rejected("DATE_MALFORMED",
                    fmt::format("'{}' is not a date like {}", text, rule.date->form()));
  }
  if (rule.scale.has_value() || !rule.currency.empty()) {
    auto number = ScaledDecimal(text, rule.scale.value_or(1));
    if (!number.has_value())
      return Rejected("NUMBER_MALFORMED", fmt::format("'{}' is not a number", text));
    return rule.currency.empty() ? *number : fmt::format("{} {}", *number, rule.currency);
  }
  return text;
}

absl::StatusOr<std::vector<std::string>> RowValues::Fill(const std::vector<FieldRule>& rules,
                                                         pbuf::Message& message) {
  std::vector<std::string> paths;
  for (const FieldRule& rule : rules) {
    for (const FieldContent& content : rule.contents) {
      LOTURA_ASSIGN_OR_RETURN(const auto filled, FillContent(rule, content, message));
      for (const std::string& path : filled) {
        // The items of a repeated field share its path.
        if (paths.empty() || paths.back() != path) paths.push_back(path);
      }
    }
  }
  return paths;
}

absl::StatusOr<std::vector<std::string>> RowValues::FillContent(const FieldRule& rule,
                                                                const FieldContent& content,
                                                                pbuf::Message& message) {
  using Paths = std::vector<std::string>;
  if (const auto* fields = std::get_if<std::vector<FieldRule>>(&content))
    return FillMessage(rule, *fields, message);
  const auto& value = std::get<ValueRule>(content);
  const auto text = Value(value);
  if (!text.ok()) {
    return Rejected(ReasonOf(text.status()),
                    fmt::format("{}: {}", rule.field->name(), Message(text.status())));
  }
  if (text->empty())
    return value.when_empty == WhenEmpty::kClear ? Paths{rule.field->name()} : Paths();
  LOTURA_RETURN_IF_ERROR(api::AssignText(message, *rule.field, *text));
  return Paths{rule.field->name()};
}

absl::StatusOr<std::vector<std::string>> RowValues::FillMessage(
    const FieldRule& rule, const std::vector<FieldRule>& fields, pbuf::Message& message) {
  const pbuf::Reflection* reflection = message.GetReflection();
  const bool is_repeated = rule.field->is_repeated();
  pbuf::Message* inner = is_repeated ? reflection->AddMessage(&message, rule.field)
                                     : reflection->MutableMessage(&message, rule.field);
  LOTURA_ASSIGN_OR_RETURN(std::vector<std::string> paths, Fill(fields, *inner));
  if (inner->ByteSizeLong() == 0) {
    // A message of which nothing is known is left out.
    if (is_repeated) {
      reflection->RemoveLast(&message, rule.field);
    } else {
      reflection->ClearField(&message, rule.field);
    }
  }
  if (is_repeated && !paths.empty()) return std::vector{rule.field->name()};
  for (std::string& path : paths) path.insert(0, rule.field->name() + ".");
  return paths;
}

}  // namespace lotura::importer
