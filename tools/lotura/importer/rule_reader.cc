#include "tools/lotura/importer/rule_reader.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <set>
#include <utility>

#include "libs/base/errors.h"
#include "tools/lotura/importer/yaml_map.h"

namespace lotura::importer {
namespace {

template <typename Choice, std::size_t N>
absl::StatusOr<Choice> TakeChoice(YamlMap& map, const std::string& key, Choice otherwise,
                                  const std::array<std::pair<const char*, Choice>, N>& choices) {
  if (!map.Has(key)) return otherwise;
  LOTURA_ASSIGN_OR_RETURN(const std::string text, map.TakeText(key));
  std::string known;
  for (const auto& [name, choice] : choices) {
    if (text == name) return choice;
    known += (known.empty() ? "" : ", ") + std::string(name);
  }
  return map.Error(fmt::format("'{}' is one of {}", key, known));
}

absl::Status ReadNumber(YamlMap& map, ValueRule& rule) {
  if (map.Has("scale")) {
    LOTURA_ASSIGN_OR_RETURN(const std::string text, map.TakeText("scale"));
    std::int64_t scale = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), scale);
    if (error != std::errc() || end != text.data() + text.size() || scale <= 0)
      return map.Error("'scale' is a whole number, 1 or more");
    rule.scale = scale;
  }
  LOTURA_ASSIGN_OR_RETURN(rule.currency, map.TakeTextOr("currency", ""));
  if (!rule.currency.empty() && rule.currency.size() != 3)
    return map.Error("'currency' is a code of three letters");
  return absl::OkStatus();
}

absl::Status ReadText(const std::string& file, YamlMap& map, ValueRule& rule) {
  if (static_cast<int>(map.Has("column")) + static_cast<int>(map.Has("text")) +
          static_cast<int>(map.Has("first_of")) !=
      1) {
    return map.Error("a value has just one of 'column', 'text' and 'first_of'");
  }
  if (map.Has("column")) {
    LOTURA_ASSIGN_OR_RETURN(std::string column, map.TakeText("column"));
    rule.text = TextTemplate::OfColumn(std::move(column));
  } else if (map.Has("text")) {
    LOTURA_ASSIGN_OR_RETURN(const std::string text, map.TakeText("text"));
    auto parsed = TextTemplate::Parse(text);
    if (!parsed.ok()) return map.Error(Message(parsed.status()));
    rule.text = *std::move(parsed);
  } else {
    for (const YAML::Node& item : ItemsOf(*map.Take("first_of"))) {
      LOTURA_ASSIGN_OR_RETURN(ValueRule choice, ReadValue(file, item));
      rule.first_of.push_back(std::move(choice));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<ValueRule> ReadValueMap(const std::string& file, const YAML::Node& node) {
  LOTURA_ASSIGN_OR_RETURN(YamlMap map, YamlMap::Of(file, node));
  ValueRule rule;
  LOTURA_RETURN_IF_ERROR(ReadText(file, map, rule));
  LOTURA_ASSIGN_OR_RETURN(rule.when_empty,
                          TakeChoice(map, "when_empty", WhenEmpty::kLeaveOut,
                                     std::array{std::pair{"leave_out", WhenEmpty::kLeaveOut},
                                                std::pair{"reject", WhenEmpty::kReject},
                                                std::pair{"clear", WhenEmpty::kClear}}));
  LOTURA_ASSIGN_OR_RETURN(rule.form, TakeChoice(map, "form", TextForm::kAsIs,
                                                std::array{std::pair{"slug", TextForm::kSlug},
                                                           std::pair{"lower", TextForm::kLower},
                                                           std::pair{"upper", TextForm::kUpper}}));
  LOTURA_ASSIGN_OR_RETURN(rule.map, map.TakeTextOr("map", ""));
  LOTURA_ASSIGN_OR_RETURN(rule.record_of, map.TakeTextOr("record_of", ""));
  if (!rule.map.empty() && !rule.record_of.empty())
    return map.Error("a value has either 'map' or 'record_of'");
  LOTURA_ASSIGN_OR_RETURN(const Otherwise otherwise,
                          TakeChoice(map, "otherwise", Otherwise::kReject,
                                     std::array{std::pair{"reject", Otherwise::kReject},
                                                std::pair{"empty", Otherwise::kEmpty},
                                                std::pair{"keep", Otherwise::kKeep}}));
  rule.map_otherwise = rule.record_otherwise = otherwise;
  if (!rule.record_of.empty() && otherwise == Otherwise::kKeep)
    return map.Error("what names no record cannot be kept");
  if (map.Has("date")) {
    LOTURA_ASSIGN_OR_RETURN(const std::string form, map.TakeText("date"));
    auto parsed = DateForm::Parse(form);
    if (!parsed.ok()) return map.Error(Message(parsed.status()));
    rule.date = *std::move(parsed);
  }
  LOTURA_RETURN_IF_ERROR(ReadNumber(map, rule));
  LOTURA_RETURN_IF_ERROR(map.Finish());
  return rule;
}

// Messages that one text stands for; the others are filled field by field.
bool IsOneText(const pbuf::Descriptor& message) {
  static constexpr std::array<std::string_view, 4> kTexts{"google.type.Money", "google.type.Date",
                                                          "google.protobuf.Timestamp",
                                                          "google.protobuf.Duration"};
  return std::ranges::find(kTexts, message.full_name()) != kTexts.end();
}

absl::StatusOr<FieldContent> ReadContent(const std::string& file, const YAML::Node& node,
                                         const pbuf::FieldDescriptor& field) {
  if (field.message_type() == nullptr || IsOneText(*field.message_type()))
    return ReadValue(file, node);
  return ReadFields(file, node, *field.message_type());
}

}  // namespace

absl::StatusOr<ValueRule> ReadValue(const std::string& file, const YAML::Node& node) {
  if (!node.IsScalar()) return ReadValueMap(file, node);
  auto parsed = TextTemplate::Parse(node.Scalar());
  if (!parsed.ok()) return MappingError(file, node, Message(parsed.status()));
  ValueRule rule;
  rule.text = *std::move(parsed);
  return rule;
}

absl::StatusOr<std::vector<FieldRule>> ReadFields(const std::string& file, const YAML::Node& node,
                                                  const pbuf::Descriptor& message) {
  LOTURA_ASSIGN_OR_RETURN(YamlMap map, YamlMap::Of(file, node));
  std::vector<FieldRule> rules;
  for (const auto& [name, content] : map.TakeRest()) {
    FieldRule rule{.field = message.FindFieldByName(name)};
    if (rule.field == nullptr) {
      return MappingError(file, content, fmt::format("{} has no field '{}'", message.name(), name));
    }
    if (rule.field->is_map()) {
      return MappingError(file, content, fmt::format("'{}' cannot be filled from rows", name));
    }
    const auto items =
        rule.field->is_repeated() ? ItemsOf(content) : std::vector<YAML::Node>{content};
    for (const YAML::Node& item : items) {
      LOTURA_ASSIGN_OR_RETURN(FieldContent read, ReadContent(file, item, *rule.field));
      rule.contents.push_back(std::move(read));
    }
    rules.push_back(std::move(rule));
  }
  return rules;
}

}  // namespace lotura::importer
