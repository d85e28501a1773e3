#include "libs/resource/filter_path.h"

#include <fmt/format.h>

#include "libs/base/errors.h"
#include "libs/resource/codec.h"
#include "libs/resource/map_entries.h"

namespace lotura::resource {
namespace {

using FieldDescriptor = pbuf::FieldDescriptor;
using Into = FilterHop::Into;

constexpr std::size_t kShownBytesMax = 60;

ValueType TypeOfMessage(std::string_view full_name) {
  if (full_name == "google.protobuf.Timestamp") return ValueType::kTimestamp;
  if (full_name == "google.protobuf.Duration") return ValueType::kDuration;
  if (full_name == "google.type.Date") return ValueType::kDate;
  if (full_name == "google.type.Money") return ValueType::kMoney;
  return ValueType::kPresenceOnly;
}

// The type of one value of the field, be it repeated or not.
ValueType TypeOfField(const FieldDescriptor& field) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
    case FieldDescriptor::CPPTYPE_INT64:
    case FieldDescriptor::CPPTYPE_UINT32:
    case FieldDescriptor::CPPTYPE_UINT64:
      return ValueType::kInteger;
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return ValueType::kDouble;
    case FieldDescriptor::CPPTYPE_FLOAT:
      return ValueType::kFloat;
    case FieldDescriptor::CPPTYPE_BOOL:
      return ValueType::kBool;
    case FieldDescriptor::CPPTYPE_ENUM:
      return ValueType::kEnum;
    case FieldDescriptor::CPPTYPE_STRING:
      return field.type() == FieldDescriptor::TYPE_BYTES ? ValueType::kPresenceOnly
                                                         : ValueType::kText;
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return TypeOfMessage(field.message_type()->full_name());
  }
  return ValueType::kPresenceOnly;
}

// Messages whose JSON is not an object of their fields, or whose fields are no business of a
// filter.
bool IsTraversable(const pbuf::Descriptor& message) {
  return !message.full_name().starts_with("google.protobuf.");
}

absl::Status UnknownField(const FilterWord& word, std::string_view of) {
  return RefuseFilter(
      "FILTER_UNKNOWN_FIELD", word.position,
      fmt::format("'{}' is no field of {}", ShortForError(word.text), ShortForError(of)));
}

// Follows words through messages and maps. `at` says which word is next.
class Resolver {
 public:
  Resolver(std::span<const FilterWord> words, const Declaration& declaration)
      : words_(words), declaration_(declaration) {}

  absl::StatusOr<FilterPath> Resolve() {
    for (const FilterWord& word : words_) {
      path_.text += path_.text.empty() ? word.text : "." + word.text;
    }
    path_.column = declaration_.FindColumn(words_.front().text);
    if (path_.column == nullptr)
      return UnknownField(words_.front(), declaration_.message()->name());
    at_ = 1;
    LOTURA_RETURN_IF_ERROR(Enter(*path_.column->field));
    while (at_ < words_.size()) LOTURA_RETURN_IF_ERROR(Descend());
    return std::move(path_);
  }

 private:
  // Adds the hop into `field`, and with a map the key that follows.
  absl::Status Enter(const FieldDescriptor& field) {
    const FieldDescriptor* value = &field;
    FilterHop hop{.field = &field, .into = Into::kValue, .key = {}};
    if (field.is_map()) {
      value = field.message_type()->map_value();
      hop.into = Into::kAnyEntry;
      if (at_ < words_.size()) {
        LOTURA_ASSIGN_OR_RETURN(hop.key, Key(*field.message_type()->map_key()));
        hop.into = Into::kEntry;
      }
    } else if (field.is_repeated()) {
      hop.into = Into::kAnyElement;
    }
    path_.type = hop.into == Into::kAnyEntry ? ValueType::kPresenceOnly : TypeOfField(*value);
    message_ = value->message_type();
    path_.hops.push_back(std::move(hop));
    return absl::OkStatus();
  }

  absl::StatusOr<std::string> Key(const FieldDescriptor& key) {
    const FilterWord& word = words_[at_++];
    std::optional<std::string> text = ToMapKey(key, word.text);
    if (!text.has_value()) {
      return RefuseFilter("FILTER_TYPE", word.position,
                          fmt::format("'{}' cannot be a key of {}", ShortForError(word.text),
                                      ShortForError(words_[at_ - 2].text)));
    }
    return std::move(*text);
  }

  absl::Status Descend() {
    const FilterWord& word = words_[at_++];
    if (message_ == nullptr || !IsTraversable(*message_))
      return UnknownField(word, words_[at_ - 2].text);
    const FieldDescriptor* field = message_->FindFieldByName(word.text);
    if (field == nullptr) return UnknownField(word, message_->name());
    return Enter(*field);
  }

  std::span<const FilterWord> words_;
  const Declaration& declaration_;
  std::size_t at_ = 0;
  FilterPath path_;
  // Of what the last hop leads to; null for a scalar.
  const pbuf::Descriptor* message_ = nullptr;
};

absl::Status WrongType(const FilterPath& path, const FilterWord& literal,
                       std::string_view expected) {
  return RefuseFilter("FILTER_TYPE", literal.position,
                      fmt::format("'{}' is compared with {}, not with '{}'",
                                  ShortForError(path.text), expected, ShortForError(literal.text)));
}

FilterOperation ToOperation(FilterComparator comparator) {
  switch (comparator) {
    case FilterComparator::kHas:
    case FilterComparator::kEqual:
      return FilterOperation::kEqual;
    case FilterComparator::kNotEqual:
      return FilterOperation::kNotEqual;
    case FilterComparator::kLess:
      return FilterOperation::kLess;
    case FilterComparator::kLessOrEqual:
      return FilterOperation::kLessOrEqual;
    case FilterComparator::kGreater:
      return FilterOperation::kGreater;
    case FilterComparator::kGreaterOrEqual:
      return FilterOperation::kGreaterOrEqual;
  }
  return FilterOperation::kEqual;
}

bool IsOrdering(FilterOperation operation) {
  return operation != FilterOperation::kEqual && operation != FilterOperation::kNotEqual;
}

TextPattern ToPattern(const FilterWord& literal) {
  TextPattern pattern;
  std::size_t from = 0;
  for (const std::size_t star : literal.stars) {
    pattern.pieces.push_back(literal.text.substr(from, star - from));
    from = star + 1;
  }
  pattern.pieces.push_back(literal.text.substr(from));
  return pattern;
}

void SetText(FilterTest& test, const FilterWord& literal) {
  if (literal.stars.empty() || IsOrdering(test.operation)) {
    test.value = literal.text;
    return;
  }
  test.value = ToPattern(literal);
  test.operation = test.operation == FilterOperation::kEqual ? FilterOperation::kMatches
                                                             : FilterOperation::kNotMatches;
}

absl::Status SetNumber(FilterTest& test, const FilterWord& literal, const DecimalResult& number,
                       std::string_view kind) {
  if (!number.value.has_value()) {
    switch (number.fault) {
      case DecimalFault::kNotANumber:
        return WrongType(test.path, literal, kind);
      case DecimalFault::kOutOfRange:
        return WrongType(test.path, literal, fmt::format("{} of at most 64 bits", kind));
      case DecimalFault::kTooPrecise:
        return WrongType(test.path, literal, fmt::format("{} of at most nine decimals", kind));
    }
  }
  if (test.path.type != ValueType::kInteger) {
    test.value = *number.value;
    return absl::OkStatus();
  }
  if (number.value->nanos != 0) return WrongType(test.path, literal, kind);
  test.value = number.value->units;
  return absl::OkStatus();
}

absl::Status SetDouble(FilterTest& test, const FilterWord& literal) {
  std::optional<double> number = ParseDouble(literal.text);
  // A field of single precision holds the nearest such number, so that is what it is compared with.
  if (number.has_value() && test.path.type == ValueType::kFloat) {
    if (std::abs(*number) > std::numeric_limits<float>::max())
      return WrongType(test.path, literal, "a number of 32 bits");
    number = static_cast<double>(static_cast<float>(*number));
  }
  if (!number.has_value()) return WrongType(test.path, literal, "a number");
  test.value = *number;
  return absl::OkStatus();
}

absl::Status SetBool(FilterTest& test, const FilterWord& literal) {
  if (literal.text != "true" && literal.text != "false")
    return WrongType(test.path, literal, "true or false");
  test.value = literal.text == "true";
  return absl::OkStatus();
}

const FieldDescriptor& LeafOf(const FilterPath& path) {
  const FilterHop& last = path.hops.back();
  return last.into == Into::kEntry ? *last.field->message_type()->map_value() : *last.field;
}

absl::Status SetEnum(FilterTest& test, const FilterWord& literal) {
  const pbuf::EnumDescriptor& type = *LeafOf(test.path).enum_type();
  const std::optional<int> number = EnumNumber(type, literal.text);
  if (!number.has_value())
    return WrongType(test.path, literal, fmt::format("a value of {}", type.name()));
  // Of two names for one number only the first is stored.
  test.value = type.FindValueByNumber(*number);
  return absl::OkStatus();
}

absl::Status SetTime(FilterTest& test, const FilterWord& literal) {
  const std::optional<Instant> instant = ParseInstant(literal.text);
  if (!instant.has_value())
    return WrongType(test.path, literal, "a time like 2026-01-31T08:15:00Z or a day");
  test.value = *instant;
  return absl::OkStatus();
}

absl::Status SetDate(FilterTest& test, const FilterWord& literal) {
  const std::optional<CivilDate> date = ParseCivilDate(literal.text);
  if (!date.has_value()) return WrongType(test.path, literal, "a day like 2026-01-31");
  test.value = *date;
  return absl::OkStatus();
}

}  // namespace

absl::Status RefuseFilter(std::string_view reason, std::size_t position, std::string_view what) {
  return InvalidArgument("filter", std::string(reason),
                         fmt::format("at character {}: {}", position, what));
}

std::string ShortForError(std::string_view text) {
  std::size_t size = std::min(text.size(), kShownBytesMax);
  // Not within a character.
  while (size < text.size() && size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80)
    --size;
  return size == text.size() ? std::string(text) : std::string(text.substr(0, size)) + "...";
}

absl::StatusOr<FilterPath> ResolveFilterPath(std::span<const FilterWord> words,
                                             const Declaration& declaration) {
  return Resolver(words, declaration).Resolve();
}

absl::StatusOr<std::optional<FilterPath>> ResolvePresence(const FilterPath& path,
                                                          const FilterWord& literal) {
  if (literal.text == "*" && !literal.stars.empty()) return path;
  const FilterHop& last = path.hops.back();
  FilterPath longer = path;
  longer.text += "." + literal.text;
  if (last.into == Into::kAnyEntry) {
    std::optional<std::string> key = ToMapKey(*last.field->message_type()->map_key(), literal.text);
    if (!key.has_value()) return WrongType(path, literal, "a key");
    longer.hops.back().into = Into::kEntry;
    longer.hops.back().key = std::move(*key);
    longer.type = TypeOfField(*last.field->message_type()->map_value());
    return longer;
  }
  const pbuf::Descriptor* message = LeafOf(path).message_type();
  if (path.type != ValueType::kPresenceOnly || message == nullptr) return std::nullopt;
  const FieldDescriptor* field =
      IsTraversable(*message) ? message->FindFieldByName(literal.text) : nullptr;
  if (field == nullptr) return UnknownField(literal, message->name());
  const Into into = field->is_map()        ? Into::kAnyEntry
                    : field->is_repeated() ? Into::kAnyElement
                                           : Into::kValue;
  longer.hops.push_back({.field = field, .into = into, .key = {}});
  longer.type = into == Into::kAnyEntry ? ValueType::kPresenceOnly : TypeOfField(*field);
  return longer;
}

absl::StatusOr<FilterTest> CompareWithLiteral(FilterPath path, FilterComparator comparator,
                                              const FilterWord& literal) {
  FilterTest test{.path = std::move(path), .operation = ToOperation(comparator), .value = {}};
  const ValueType type = test.path.type;
  if (IsOrdering(test.operation) && (type == ValueType::kBool || type == ValueType::kEnum)) {
    return RefuseFilter(
        "FILTER_TYPE", literal.position,
        fmt::format("'{}' has no order: only = and != apply", ShortForError(test.path.text)));
  }
  absl::Status status;
  switch (type) {
    case ValueType::kText:
      SetText(test, literal);
      break;
    case ValueType::kInteger:
      status = SetNumber(test, literal, ParseDecimal(literal.text), "a whole number");
      break;
    case ValueType::kMoney:
      status = SetNumber(test, literal, ParseDecimal(literal.text), "a number");
      break;
    case ValueType::kDuration:
      status = SetNumber(test, literal, ParseDuration(literal.text), "seconds like 1.5s,");
      break;
    case ValueType::kDouble:
    case ValueType::kFloat:
      status = SetDouble(test, literal);
      break;
    case ValueType::kBool:
      status = SetBool(test, literal);
      break;
    case ValueType::kEnum:
      status = SetEnum(test, literal);
      break;
    case ValueType::kTimestamp:
      status = SetTime(test, literal);
      break;
    case ValueType::kDate:
      status = SetDate(test, literal);
      break;
    case ValueType::kPresenceOnly:
      status = RefuseFilter(
          "FILTER_TYPE", literal.position,
          fmt::format(
              "'{}' has no value of its own: only its presence and its fields can be asked for",
              ShortForError(test.path.text)));
      break;
  }
  if (!status.ok()) return status;
  return test;
}

absl::StatusOr<FilterTest> CompareWithInstant(FilterPath path, FilterComparator comparator,
                                              Instant instant, std::size_t position) {
  FilterTest test{.path = std::move(path), .operation = ToOperation(comparator), .value = {}};
  if (test.path.type == ValueType::kTimestamp) {
    test.value = instant;
  } else if (test.path.type == ValueType::kDate) {
    test.value = DateOf(instant);
  } else {
    return RefuseFilter(
        "FILTER_TYPE", position,
        fmt::format("'{}' is not a time and not a day", ShortForError(test.path.text)));
  }
  return test;
}

}  // namespace lotura::resource
