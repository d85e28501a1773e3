#include "libs/resource/filter_predicate.h"

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>
#include <google/type/date.pb.h>
#include <google/type/money.pb.h>

#include <cmath>
#include <compare>
#include <cstdlib>

#include "libs/base/check.h"
#include "libs/base/text.h"
#include "libs/resource/map_entries.h"

namespace lotura::resource {
namespace {

using FieldDescriptor = pbuf::FieldDescriptor;
using Into = FilterHop::Into;

__extension__ using Int128 = __int128;

constexpr std::int64_t kNanosPerUnit = 1'000'000'000;

// One value: a field of a message, or an element of a repeated one.
struct Place {
  const pbuf::Message& message;
  const FieldDescriptor& field;
  std::optional<int> index;
};

const pbuf::Message& MessageAt(const Place& at) {
  const pbuf::Reflection& reflection = *at.message.GetReflection();
  return at.index ? reflection.GetRepeatedMessage(at.message, &at.field, *at.index)
                  : reflection.GetMessage(at.message, &at.field);
}

const std::string& TextAt(const Place& at, std::string& scratch) {
  const pbuf::Reflection& reflection = *at.message.GetReflection();
  return at.index
             ? reflection.GetRepeatedStringReference(at.message, &at.field, *at.index, &scratch)
             : reflection.GetStringReference(at.message, &at.field, &scratch);
}

Int128 IntegerAt(const Place& at) {
  const pbuf::Reflection& reflection = *at.message.GetReflection();
  switch (at.field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return at.index ? reflection.GetRepeatedInt32(at.message, &at.field, *at.index)
                      : reflection.GetInt32(at.message, &at.field);
    case FieldDescriptor::CPPTYPE_UINT32:
      return at.index ? reflection.GetRepeatedUInt32(at.message, &at.field, *at.index)
                      : reflection.GetUInt32(at.message, &at.field);
    case FieldDescriptor::CPPTYPE_UINT64:
      return at.index ? reflection.GetRepeatedUInt64(at.message, &at.field, *at.index)
                      : reflection.GetUInt64(at.message, &at.field);
    default:
      return at.index ? reflection.GetRepeatedInt64(at.message, &at.field, *at.index)
                      : reflection.GetInt64(at.message, &at.field);
  }
}

double DoubleAt(const Place& at) {
  const pbuf::Reflection& reflection = *at.message.GetReflection();
  if (at.field.cpp_type() == FieldDescriptor::CPPTYPE_FLOAT) {
    return at.index ? reflection.GetRepeatedFloat(at.message, &at.field, *at.index)
                    : reflection.GetFloat(at.message, &at.field);
  }
  return at.index ? reflection.GetRepeatedDouble(at.message, &at.field, *at.index)
                  : reflection.GetDouble(at.message, &at.field);
}

bool BoolAt(const Place& at) {
  const pbuf::Reflection& reflection = *at.message.GetReflection();
  return at.index ? reflection.GetRepeatedBool(at.message, &at.field, *at.index)
                  : reflection.GetBool(at.message, &at.field);
}

int EnumAt(const Place& at) {
  const pbuf::Reflection& reflection = *at.message.GetReflection();
  return at.index ? reflection.GetRepeatedEnumValue(at.message, &at.field, *at.index)
                  : reflection.GetEnumValue(at.message, &at.field);
}

// The message at the place as its own class.
template <typename T>
const T& Typed(const Place& at) {
  return static_cast<const T&>(MessageAt(at));
}

Int128 MoneyAt(const Place& at) {
  const auto& money = Typed<google::type::Money>(at);
  return Int128{money.units()} * kNanosPerUnit + money.nanos();
}

Int128 DurationAt(const Place& at) {
  const auto& duration = Typed<pbuf::Duration>(at);
  return Int128{duration.seconds()} * kNanosPerUnit + duration.nanos();
}

CivilDate DateAt(const Place& at) {
  const auto& date = Typed<google::type::Date>(at);
  return {std::int64_t{date.year()} * 10'000 + std::int64_t{date.month()} * 100 + date.day()};
}

// A column keeps the whole microseconds. In a document all digits stand, and PostgreSQL rounds them
// when it reads them; this is how it does that.
Instant InstantAt(const Place& at, ColumnType column) {
  const auto& timestamp = Typed<pbuf::Timestamp>(at);
  const std::chrono::seconds seconds(timestamp.seconds());
  if (column == ColumnType::kTimestamp)
    return Instant(seconds + std::chrono::microseconds(timestamp.nanos() / 1000));
  const double fraction = std::strtod(fmt::format(".{:09}", timestamp.nanos()).c_str(), nullptr);
  return Instant(seconds + std::chrono::microseconds(std::llrint(fraction * 1e6)));
}

Int128 ToNanos(const Decimal& decimal) {
  return Int128{decimal.units} * kNanosPerUnit + decimal.nanos;
}

// As PostgreSQL orders them: NaN equals itself and is greater than all else.
std::weak_ordering CompareDoubles(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) <=> std::isnan(b);
  return a < b   ? std::weak_ordering::less
         : a > b ? std::weak_ordering::greater
                 : std::weak_ordering::equivalent;
}

bool Holds(FilterOperation operation, std::weak_ordering order) {
  switch (operation) {
    case FilterOperation::kEqual:
      return order == 0;
    case FilterOperation::kNotEqual:
      return order != 0;
    case FilterOperation::kLess:
      return order < 0;
    case FilterOperation::kLessOrEqual:
      return order <= 0;
    case FilterOperation::kGreater:
      return order > 0;
    case FilterOperation::kGreaterOrEqual:
      return order >= 0;
    case FilterOperation::kPresent:
    case FilterOperation::kMatches:
    case FilterOperation::kNotMatches:
    case FilterOperation::kMatchesAnyCase:
    case FilterOperation::kIsOneOf:
      break;
  }
  LOTURA_CHECK(false);
}

bool TextHolds(const FilterTest& test, const std::string& text) {
  switch (test.operation) {
    case FilterOperation::kMatches:
      return std::get<TextPattern>(test.value).Matches(text);
    case FilterOperation::kNotMatches:
      return !std::get<TextPattern>(test.value).Matches(text);
    case FilterOperation::kMatchesAnyCase:
      return std::get<TextPattern>(test.value).Matches(ToLowerAscii(text));
    case FilterOperation::kIsOneOf:
      return std::get<TextSet>(test.value)->contains(text);
    case FilterOperation::kPresent:
    case FilterOperation::kEqual:
    case FilterOperation::kNotEqual:
    case FilterOperation::kLess:
    case FilterOperation::kLessOrEqual:
    case FilterOperation::kGreater:
    case FilterOperation::kGreaterOrEqual:
      break;
  }
  return Holds(test.operation, text <=> std::get<std::string>(test.value));
}

// Compares a value that is set.
bool ValueHolds(const FilterTest& test, const Place& at) {
  switch (test.path.type) {
    case ValueType::kText: {
      std::string scratch;
      return TextHolds(test, TextAt(at, scratch));
    }
    case ValueType::kInteger:
      return Holds(test.operation, IntegerAt(at) <=> Int128{std::get<std::int64_t>(test.value)});
    case ValueType::kDouble:
    case ValueType::kFloat:
      return Holds(test.operation, CompareDoubles(DoubleAt(at), std::get<double>(test.value)));
    case ValueType::kBool:
      return Holds(test.operation, BoolAt(at) <=> std::get<bool>(test.value));
    case ValueType::kEnum:
      return Holds(test.operation,
                   EnumAt(at) <=> std::get<const pbuf::EnumValueDescriptor*>(test.value)->number());
    case ValueType::kTimestamp:
      return Holds(test.operation,
                   InstantAt(at, test.path.column->type) <=> std::get<Instant>(test.value));
    case ValueType::kDate:
      return Holds(test.operation, DateAt(at) <=> std::get<CivilDate>(test.value));
    case ValueType::kMoney:
      return Holds(test.operation, MoneyAt(at) <=> ToNanos(std::get<Decimal>(test.value)));
    case ValueType::kDuration:
      return Holds(test.operation, DurationAt(at) <=> ToNanos(std::get<Decimal>(test.value)));
    case ValueType::kPresenceOnly:
      break;
  }
  LOTURA_CHECK(false);
}

// True if a field without presence differs from its default.
bool DiffersFromDefault(const FilterTest& test, const Place& at) {
  switch (test.path.type) {
    case ValueType::kText:
    case ValueType::kPresenceOnly: {
      std::string scratch;
      return !TextAt(at, scratch).empty();
    }
    case ValueType::kInteger:
      return IntegerAt(at) != 0;
    case ValueType::kDouble:
    case ValueType::kFloat:
      return DoubleAt(at) != 0;
    case ValueType::kBool:
      return BoolAt(at);
    case ValueType::kEnum:
      return EnumAt(at) != 0;
    case ValueType::kTimestamp:
    case ValueType::kDate:
    case ValueType::kMoney:
    case ValueType::kDuration:
      break;
  }
  LOTURA_CHECK(false);
}

// Follows the path of one test through a message.
class Follower {
 public:
  explicit Follower(const FilterTest& test) : test_(test) {}

  bool AnyHolds(const pbuf::Message& message, std::size_t i) const {
    const FilterHop& hop = test_.path.hops[i];
    switch (hop.into) {
      case Into::kValue:
        return FieldHolds(message, i);
      case Into::kAnyElement:
        return ElementHolds(message, i);
      case Into::kEntry:
        return EntryHolds(message, i);
      case Into::kAnyEntry:
        return message.GetReflection()->FieldSize(message, hop.field) > 0;
    }
    LOTURA_CHECK(false);
  }

 private:
  [[nodiscard]] bool IsLast(std::size_t i) const { return i + 1 == test_.path.hops.size(); }
  [[nodiscard]] bool AsksPresence() const { return test_.operation == FilterOperation::kPresent; }

  bool FieldHolds(const pbuf::Message& message, std::size_t i) const {
    const FieldDescriptor& field = *test_.path.hops[i].field;
    const Place at{message, field, {}};
    if (field.has_presence()) {
      if (!message.GetReflection()->HasField(message, &field)) return false;
      if (!IsLast(i)) return AnyHolds(MessageAt(at), i + 1);
      return AsksPresence() || ValueHolds(test_, at);
    }
    if (AsksPresence()) return DiffersFromDefault(test_, at);
    // A reference that is not set is an empty text here and NULL in the row.
    if (i == 0 && !test_.path.column->reference.empty() && !DiffersFromDefault(test_, at))
      return false;
    return ValueHolds(test_, at);
  }

  bool ElementHolds(const pbuf::Message& message, std::size_t i) const {
    const FieldDescriptor& field = *test_.path.hops[i].field;
    const int size = message.GetReflection()->FieldSize(message, &field);
    if (IsLast(i) && AsksPresence()) return size > 0;
    for (int k = 0; k < size; ++k) {
      const Place at{message, field, k};
      if (IsLast(i) ? ValueHolds(test_, at) : AnyHolds(MessageAt(at), i + 1)) return true;
    }
    return false;
  }

  bool EntryHolds(const pbuf::Message& message, std::size_t i) const {
    const FieldDescriptor& field = *test_.path.hops[i].field;
    const int size = message.GetReflection()->FieldSize(message, &field);
    for (int k = 0; k < size; ++k) {
      const pbuf::Message& entry = MessageAt({message, field, k});
      if (MapKeyOf(entry) != test_.path.hops[i].key) continue;
      if (IsLast(i) && AsksPresence()) return true;
      const Place value{entry, *field.message_type()->map_value(), {}};
      return IsLast(i) ? ValueHolds(test_, value) : AnyHolds(MessageAt(value), i + 1);
    }
    return false;
  }

  const FilterTest& test_;
};

bool NodeMatches(const FilterNode& node, const pbuf::Message& record) {
  const auto matches = [&](const FilterNode& child) { return NodeMatches(child, record); };
  switch (node.kind) {
    case FilterNode::Kind::kAnd:
      return std::ranges::all_of(node.children, matches);
    case FilterNode::Kind::kOr:
      return std::ranges::any_of(node.children, matches);
    case FilterNode::Kind::kNot:
      return !matches(node.children.front());
    case FilterNode::Kind::kTest:
      return Follower(node.test).AnyHolds(record, 0);
  }
  LOTURA_CHECK(false);
}

}  // namespace

bool FilterMatches(const Filter& filter, const pbuf::Message& record) {
  LOTURA_CHECK(record.GetDescriptor() == filter.declaration->message());
  return !filter.root.has_value() || NodeMatches(*filter.root, record);
}

}  // namespace lotura::resource
