// Filters at random that fit a declaration.
#pragma once

#include <string>

#include "libs/base/check.h"
#include "libs/resource/testdata/random_records.h"

namespace lotura::resource {

// Writes filters as a user would; every one of them is valid.
class FilterMaker {
 public:
  FilterMaker(Dice& dice, const Declaration& declaration)
      : dice_(dice), declaration_(declaration) {}

  std::string Make() { return Expression(static_cast<int>(dice_.Below(3))); }

 private:
  std::string Expression(int depth) {
    std::string text = Factor(depth);
    for (std::size_t left = dice_.Below(5) / 3; left > 0; --left)
      text += (dice_.OneIn(2) ? " AND " : " ") + Factor(depth);
    return text;
  }

  std::string Factor(int depth) {
    std::string text = Term(depth);
    for (std::size_t left = dice_.Below(5) / 3; left > 0; --left) text += " OR " + Term(depth);
    return text;
  }

  std::string Term(int depth) {
    const std::string negation = dice_.OneIn(3) ? (dice_.OneIn(2) ? "NOT " : "-") : "";
    if (depth > 0 && dice_.OneIn(3)) return negation + "(" + Expression(depth - 1) + ")";
    return negation + Restriction();
  }

  struct Path {
    std::string text;
    const pbuf::FieldDescriptor* leaf = nullptr;
    bool whole_map = false;
  };

  std::string Restriction() {
    if (dice_.OneIn(25)) return Quoted(dice_.Pick(kTexts).empty() ? "a" : dice_.Pick(kTexts));
    const Path path = RandomPath();
    if (dice_.OneIn(5)) return path.text + ":*";
    if (path.whole_map) return path.text + ":" + Key(*path.leaf->message_type()->map_key());
    const pbuf::FieldDescriptor& leaf = *path.leaf;
    if (leaf.message_type() != nullptr && !IsComparable(leaf)) return PresenceOfField(path);
    if (leaf.type() == pbuf::FieldDescriptor::TYPE_BYTES) return path.text + ":*";
    if (leaf.cpp_type() == pbuf::FieldDescriptor::CPPTYPE_STRING && dice_.OneIn(6)) {
      return fmt::format("{}({}, {})", dice_.OneIn(2) ? "startsWith" : "contains", path.text,
                         Quoted(dice_.Pick(kTexts)));
    }
    return path.text + Comparator(leaf) + Argument(leaf);
  }

  static bool IsComparable(const pbuf::FieldDescriptor& leaf) {
    const std::string& type = leaf.message_type()->full_name();
    return type == "google.protobuf.Timestamp" || type == "google.protobuf.Duration" ||
           type == "google.type.Date" || type == "google.type.Money";
  }

  std::string PresenceOfField(const Path& path) {
    const pbuf::Descriptor& message = *path.leaf->message_type();
    return path.text + ":" +
           message
               .field(
                   static_cast<int>(dice_.Below(static_cast<std::size_t>(message.field_count()))))
               ->name();
  }

  Path RandomPath() {
    const std::size_t columns = declaration_.columns().size();
    const std::size_t chosen = dice_.Below(columns + 2);
    const pbuf::FieldDescriptor* field = chosen < columns    ? declaration_.columns()[chosen].field
                                         : chosen == columns ? declaration_.name_field()
                                                             : declaration_.create_time_field();
    Path path{.text = field->name(), .leaf = field};
    for (int depth = 0; depth < 4; ++depth) {
      if (path.leaf->is_map()) {
        if (dice_.OneIn(4)) return {path.text, path.leaf, true};
        path.text += "." + Key(*path.leaf->message_type()->map_key());
        path.leaf = path.leaf->message_type()->map_value();
      }
      const pbuf::Descriptor* message = path.leaf->message_type();
      if (message == nullptr || message->full_name().starts_with("google.protobuf.")) return path;
      if (IsComparable(*path.leaf) ? !dice_.OneIn(3) : dice_.OneIn(8)) return path;
      path.leaf = message->field(
          static_cast<int>(dice_.Below(static_cast<std::size_t>(message->field_count()))));
      path.text += "." + path.leaf->name();
    }
    if (path.leaf->is_map()) path.whole_map = true;
    return path;
  }

  std::string Key(const pbuf::FieldDescriptor& key) {
    switch (key.cpp_type()) {
      case pbuf::FieldDescriptor::CPPTYPE_STRING:
        return Quoted(std::string(dice_.Pick(kKeys)), "*");
      case pbuf::FieldDescriptor::CPPTYPE_BOOL:
        return dice_.OneIn(2) ? "true" : "false";
      default:
        return fmt::format("\"{}\"", dice_.Pick(kIntegers));
    }
  }

  std::string Comparator(const pbuf::FieldDescriptor& leaf) {
    constexpr std::string_view kAll[] = {" = ", "!=", " < ", "<=", " > ", ">=", ":"};
    constexpr std::string_view kUnordered[] = {"=", " != ", ":"};
    const bool unordered = leaf.cpp_type() == pbuf::FieldDescriptor::CPPTYPE_BOOL ||
                           leaf.cpp_type() == pbuf::FieldDescriptor::CPPTYPE_ENUM;
    return std::string(unordered ? dice_.Pick(kUnordered) : dice_.Pick(kAll));
  }

  std::string Argument(const pbuf::FieldDescriptor& leaf) {
    if (!dice_.OneIn(6)) return Literal(leaf);
    const std::string_view join = dice_.OneIn(2) ? "OR" : "AND";
    const std::string_view negation = dice_.OneIn(3) ? "NOT " : "";
    return fmt::format("({} {} {}{})", Literal(leaf), join, negation, Literal(leaf));
  }

  std::string Literal(const pbuf::FieldDescriptor& leaf) {
    switch (leaf.cpp_type()) {
      case pbuf::FieldDescriptor::CPPTYPE_STRING:
        return Pattern();
      case pbuf::FieldDescriptor::CPPTYPE_BOOL:
        return dice_.OneIn(2) ? "true" : "false";
      case pbuf::FieldDescriptor::CPPTYPE_ENUM: {
        const pbuf::EnumDescriptor& type = *leaf.enum_type();
        return type
            .value(static_cast<int>(dice_.Below(static_cast<std::size_t>(type.value_count()))))
            ->name();
      }
      case pbuf::FieldDescriptor::CPPTYPE_FLOAT:
        return fmt::format("{}", dice_.Pick(kFloats));
      case pbuf::FieldDescriptor::CPPTYPE_DOUBLE:
        return fmt::format("{}", dice_.Pick(kDoubles));
      case pbuf::FieldDescriptor::CPPTYPE_MESSAGE:
        return OfMessage(leaf.message_type()->full_name());
      default:
        return fmt::format("{}", dice_.OneIn(8) ? dice_.Pick(kLongs) : dice_.Pick(kIntegers));
    }
  }

  std::string OfMessage(const std::string& type) {
    constexpr std::string_view kTimes[] = {"1970-01-01",
                                           "2026-01-15T12:00:00Z",
                                           "2026-01-15T12:00:00.123456Z",
                                           "2026-01-15T12:00:00.000002Z",
                                           "2000-02-29T01:00:00+01:00",
                                           "0001-01-01",
                                           "now()",
                                           "daysAgo(1)"};
    constexpr std::string_view kDays[] = {"2024-02-14", "1990-02-01", "1991-02-28", "daysAgo(700)"};
    constexpr std::string_view kSpans[] = {"0s", "1s", "-1.5s", "0.5s", "2.123456789s"};
    constexpr std::string_view kAmounts[] = {
        "0", "50", "-50", "100.5", "50.000000001", "-100.123456789", "1e2"};
    if (type == "google.protobuf.Timestamp") return std::string(dice_.Pick(kTimes));
    if (type == "google.type.Date") return std::string(dice_.Pick(kDays));
    if (type == "google.protobuf.Duration") return std::string(dice_.Pick(kSpans));
    return std::string(dice_.Pick(kAmounts));
  }

  // Sometimes with stars in place of characters.
  std::string Pattern() {
    const std::string text(dice_.Pick(kTexts));
    if (dice_.OneIn(2)) return Quoted(text);
    return dice_.OneIn(2) ? Quoted(text + "*", "") : Quoted("*" + text, "");
  }

  // Characters of `escape` are taken literally.
  static std::string Quoted(std::string_view text, std::string_view escape = "*") {
    std::string quoted = "\"";
    for (const char c : text) {
      if (c == '"' || c == '\\' || escape.find(c) != std::string_view::npos) quoted += '\\';
      quoted += c;
    }
    return quoted + "\"";
  }

  Dice& dice_;
  const Declaration& declaration_;
};

}  // namespace lotura::resource
