#include "libs/resource/filter_sql.h"

#include <fmt/format.h>

#include "libs/base/check.h"
#include "libs/pg/params.h"
#include "libs/resource/codec.h"

namespace lotura::resource {
namespace {

using Into = FilterHop::Into;
using FieldDescriptor = pbuf::FieldDescriptor;

// How values of a type stand in the two forms of storage.
enum class Storage { kColumn, kJson };

std::string Quoted(std::string_view identifier) { return fmt::format("\"{}\"", identifier); }

std::string_view OperatorOf(FilterOperation operation) {
  switch (operation) {
    case FilterOperation::kEqual:
      return "=";
    case FilterOperation::kNotEqual:
      return "<>";
    case FilterOperation::kLess:
      return "<";
    case FilterOperation::kLessOrEqual:
      return "<=";
    case FilterOperation::kGreater:
      return ">";
    case FilterOperation::kGreaterOrEqual:
      return ">=";
    case FilterOperation::kMatches:
      return "LIKE";
    case FilterOperation::kNotMatches:
      return "NOT LIKE";
    case FilterOperation::kMatchesAnyCase:
      return "ILIKE";
    case FilterOperation::kIsOneOf:
      return "= ANY";
    case FilterOperation::kPresent:
      break;
  }
  LOTURA_CHECK(false);
}

// Order and case folding are those of bytes, whatever the database was created with.
bool DependsOnCollation(FilterOperation operation) {
  return operation != FilterOperation::kEqual && operation != FilterOperation::kNotEqual &&
         operation != FilterOperation::kMatches && operation != FilterOperation::kNotMatches &&
         operation != FilterOperation::kIsOneOf;
}

// The type to which a value in JSON, or its text, is cast.
std::string_view JsonCastOf(ValueType type) {
  switch (type) {
    case ValueType::kText:
    case ValueType::kEnum:
    case ValueType::kPresenceOnly:
      return "text";
    case ValueType::kInteger:
    case ValueType::kDuration:
    case ValueType::kMoney:
      return "numeric";
    case ValueType::kDouble:
      return "float8";
    // The text has the digits of single precision.
    case ValueType::kFloat:
      return "float4::float8";
    case ValueType::kBool:
      return "boolean";
    case ValueType::kTimestamp:
      return "timestamptz";
    case ValueType::kDate:
      return "bigint";
  }
  LOTURA_CHECK(false);
}

// What a scalar without presence is when JSON leaves it out.
std::string DefaultOf(const FieldDescriptor& field) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      return "''";
    case FieldDescriptor::CPPTYPE_BOOL:
      return "'false'";
    case FieldDescriptor::CPPTYPE_ENUM:
      return fmt::format("'{}'", field.enum_type()->FindValueByNumber(0)->name());
    default:
      return "'0'";
  }
}

// A value within a document: the member `key` (a placeholder) of `holder`, or `holder` itself.
struct JsonPlace {
  std::string holder;
  std::string key;

  [[nodiscard]] std::string Json() const {
    return key.empty() ? holder : fmt::format("({} -> {})", holder, key);
  }
  [[nodiscard]] std::string Text() const {
    return key.empty() ? fmt::format("({} #>> '{{}}')", holder)
                       : fmt::format("({} ->> {})", holder, key);
  }
};

class Writer {
 public:
  explicit Writer(std::size_t first_param) : next_param_(first_param) {}

  // Always in parentheses.
  std::string Node(const FilterNode& node) {
    switch (node.kind) {
      case FilterNode::Kind::kAnd:
        return Join(node.children, kAnd);
      case FilterNode::Kind::kOr:
        return Join(node.children, " OR ");
      // Only here would a NULL below count as anything but false.
      case FilterNode::Kind::kNot:
        return fmt::format("({} IS NOT TRUE)", Node(node.children.front()));
      case FilterNode::Kind::kTest:
        return fmt::format("({})", Test(node.test));
    }
    LOTURA_CHECK(false);
  }

  // The value as a parameter of the type that it is compared in.
  std::string Operand(const FilterTest& test, Storage storage) {
    const FilterValue& value = test.value;
    if (const auto* text = std::get_if<std::string>(&value)) return Param(*text, "text");
    if (const auto* integer = std::get_if<std::int64_t>(&value))
      return Param(pg::binary::Int64(*integer), "bigint");
    if (const auto* number = std::get_if<double>(&value))
      return Param(pg::binary::Float64(*number), "float8");
    if (const auto* truth = std::get_if<bool>(&value))
      return Param(pg::binary::Bool(*truth), "boolean");
    if (const auto* instant = std::get_if<Instant>(&value))
      return Param(pg::binary::Timestamp(*instant), "timestamptz");
    if (const auto* decimal = std::get_if<Decimal>(&value)) {
      return Param(DecimalOf(decimal->units, decimal->nanos), "text::numeric");
    }
    if (const auto* pattern = std::get_if<TextPattern>(&value))
      return Param(pattern->ToLike(), "text");
    if (const auto* texts = std::get_if<TextSet>(&value)) {
      const std::vector<std::string> list((*texts)->begin(), (*texts)->end());
      return fmt::format("({})", Param(pg::binary::TextArray(list), "text[]"));
    }
    if (const auto* date = std::get_if<CivilDate>(&value)) {
      if (storage == Storage::kJson) return Param(pg::binary::Int64(date->number), "bigint");
      return Param(pg::binary::Date(date->Days()), "date");
    }
    const auto* enumerator = std::get<const pbuf::EnumValueDescriptor*>(value);
    const bool column = storage == Storage::kColumn;
    return Param(column ? EnumText(*enumerator->type(), enumerator->number()) : enumerator->name(),
                 "text");
  }

  std::vector<std::string> TakeParams() { return std::move(params_); }

 private:
  static constexpr std::string_view kAnd = " AND ";

  std::string Join(const std::vector<FilterNode>& nodes, std::string_view between) {
    if (nodes.empty()) return between == kAnd ? "TRUE" : "FALSE";
    std::string text = "(";
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      if (i > 0) text += between;
      text += Node(nodes[i]);
    }
    return text + ")";
  }

  std::string Param(std::string value, std::string_view type) {
    params_.push_back(std::move(value));
    return fmt::format("${}::{}", next_param_++, type);
  }

  std::string Test(const FilterTest& test) {
    switch (test.path.column->type) {
      case ColumnType::kJson:
        return InJson(test, 0, {Quoted(test.path.column->name), ""});
      case ColumnType::kTextArray:
        return OfArray(test);
      case ColumnType::kText:
      case ColumnType::kInt64:
      case ColumnType::kDouble:
      case ColumnType::kBool:
      case ColumnType::kEnum:
      case ColumnType::kTimestamp:
      case ColumnType::kDate:
      case ColumnType::kMoney:
        return OfColumn(test);
    }
    LOTURA_CHECK(false);
  }

  std::string Compare(const std::string& expression, const FilterTest& test, Storage storage) {
    const bool collate = test.path.type == ValueType::kText && DependsOnCollation(test.operation);
    return fmt::format("{}{} {} {}", expression, collate ? " COLLATE \"C\"" : "",
                       OperatorOf(test.operation), Operand(test, storage));
  }

  // The column, or the part of an amount or a day that the path leads to.
  static std::string ColumnExpression(const FilterPath& path) {
    std::string column = Quoted(path.column->name);
    if (path.hops.size() == 1) return column;
    const std::string& part = path.hops[1].field->name();
    if (path.column->type == ColumnType::kDate)
      return fmt::format("EXTRACT({} FROM {})", part, column);
    if (part == "units") return fmt::format("trunc({})", column);
    if (part == "nanos") return fmt::format("(({0} - trunc({0})) * 1000000000)", column);
    return Quoted(path.column->CurrencyColumn());
  }

  std::string OfColumn(const FilterTest& test) {
    const FilterPath& path = test.path;
    std::string expression = ColumnExpression(path);
    // Thousands of names are hashed once for a statement; the test keeps it from becoming a join.
    if (test.operation == FilterOperation::kIsOneOf)
      return fmt::format("({} IN (SELECT unnest{})) IS TRUE", expression,
                         Operand(test, Storage::kColumn));
    if (test.operation != FilterOperation::kPresent)
      return Compare(expression, test, Storage::kColumn);
    if (path.hops.size() == 1 && path.column->nullable)
      return fmt::format("{} IS NOT NULL", expression);
    switch (path.type) {
      case ValueType::kText:
        return fmt::format("{} <> ''", expression);
      case ValueType::kInteger:
      case ValueType::kDouble:
      case ValueType::kFloat:
        return fmt::format("{} <> 0", expression);
      case ValueType::kBool:
        return expression;
      case ValueType::kEnum:
        return fmt::format("{} <> '{}'", expression, EnumText(*path.column->field->enum_type(), 0));
      case ValueType::kTimestamp:
      case ValueType::kDate:
      case ValueType::kMoney:
      case ValueType::kDuration:
      case ValueType::kPresenceOnly:
        return fmt::format("{} IS NOT NULL", expression);
    }
    LOTURA_CHECK(false);
  }

  std::string OfArray(const FilterTest& test) {
    const std::string column = Quoted(test.path.column->name);
    if (test.operation == FilterOperation::kPresent)
      return fmt::format("cardinality({}) > 0", column);
    if (test.operation == FilterOperation::kEqual) {
      return fmt::format("{} @> ARRAY[{}]", column, Operand(test, Storage::kColumn));
    }
    if (test.operation == FilterOperation::kIsOneOf)
      return fmt::format("{} && {}", column, Operand(test, Storage::kColumn));
    const std::string element = NextAlias();
    return fmt::format("EXISTS (SELECT 1 FROM unnest({}) AS {}(v) WHERE {})", column, element,
                       Compare(element + ".v", test, Storage::kColumn));
  }

  std::string NextAlias() { return fmt::format("e{}", ++aliases_); }

  // `place` is where the field of hop `i` stands.
  std::string InJson(const FilterTest& test, std::size_t i, const JsonPlace& place) {
    const FilterHop& hop = test.path.hops[i];
    const bool last = i + 1 == test.path.hops.size();
    const bool presence = test.operation == FilterOperation::kPresent;
    switch (hop.into) {
      case Into::kValue:
        return last ? Field(test, *hop.field, place) : InJson(test, i + 1, Next(test, i, place));
      case Into::kEntry: {
        const JsonPlace entry{place.Json(), Param(hop.key, "text")};
        return last ? Leaf(test, entry) : InJson(test, i + 1, Next(test, i, entry));
      }
      case Into::kAnyEntry:
        return fmt::format("{} <> '{{}}'::jsonb", place.Json());
      case Into::kAnyElement:
        break;
    }
    if (last && presence) return fmt::format("jsonb_array_length({}) > 0", place.Json());
    const std::string alias = NextAlias();
    const std::string elements = place.Json();
    const JsonPlace element{alias + ".v", ""};
    const std::string condition =
        last ? Leaf(test, element) : InJson(test, i + 1, Next(test, i, element));
    return fmt::format("EXISTS (SELECT 1 FROM jsonb_array_elements({}) AS {}(v) WHERE {})",
                       elements, alias, condition);
  }

  JsonPlace Next(const FilterTest& test, std::size_t i, const JsonPlace& message) {
    return {message.Json(), Param(test.path.hops[i + 1].field->name(), "text")};
  }

  // A singular field: JSON leaves out what has no presence and its default value.
  std::string Field(const FilterTest& test, const FieldDescriptor& field, const JsonPlace& place) {
    if (field.has_presence()) return Leaf(test, place);
    const std::string_view cast = JsonCastOf(test.path.type);
    if (test.operation == FilterOperation::kPresent) {
      return fmt::format("{}::{} <> {}::{}", place.Text(), cast, DefaultOf(field), cast);
    }
    const std::string value =
        fmt::format("COALESCE({}, {})::{}", place.Text(), DefaultOf(field), cast);
    return fmt::format("{} IS NOT NULL AND {}", place.holder, Compare(value, test, Storage::kJson));
  }

  // A value that stands in the document if it is set.
  std::string Leaf(const FilterTest& test, const JsonPlace& place) {
    if (test.operation == FilterOperation::kPresent)
      return fmt::format("{} IS NOT NULL", place.Json());
    const std::string json = place.Json();
    switch (test.path.type) {
      case ValueType::kMoney:
        return fmt::format(
            "{0} IS NOT NULL AND {1}", json,
            Compare(fmt::format("(COALESCE(({0} ->> 'units')::numeric, 0) + "
                                "COALESCE(({0} ->> 'nanos')::numeric, 0) * 0.000000001)",
                                json),
                    test, Storage::kJson));
      case ValueType::kDate:
        return fmt::format("{0} IS NOT NULL AND {1}", json,
                           Compare(fmt::format("(COALESCE(({0} ->> 'year')::bigint, 0) * 10000 + "
                                               "COALESCE(({0} ->> 'month')::bigint, 0) * 100 + "
                                               "COALESCE(({0} ->> 'day')::bigint, 0))",
                                               json),
                                   test, Storage::kJson));
      case ValueType::kDuration:
        return Compare(fmt::format("rtrim({}, 's')::numeric", place.Text()), test, Storage::kJson);
      case ValueType::kText:
      case ValueType::kInteger:
      case ValueType::kDouble:
      case ValueType::kFloat:
      case ValueType::kBool:
      case ValueType::kEnum:
      case ValueType::kTimestamp:
      case ValueType::kPresenceOnly:
        return Compare(fmt::format("{}::{}", place.Text(), JsonCastOf(test.path.type)), test,
                       Storage::kJson);
    }
    LOTURA_CHECK(false);
  }

  std::size_t next_param_;
  std::size_t aliases_ = 0;
  std::vector<std::string> params_;
};

}  // namespace

SqlFragment FilterToSql(const Filter& filter, std::size_t first_param) {
  if (!filter.root.has_value()) return {"TRUE", {}};
  Writer writer(first_param);
  std::string text = writer.Node(*filter.root);
  return {std::move(text), writer.TakeParams()};
}

SqlFragment OperandToSql(const FilterTest& test, std::size_t first_param) {
  Writer writer(first_param);
  std::string text = writer.Operand(test, Storage::kColumn);
  return {std::move(text), writer.TakeParams()};
}

}  // namespace lotura::resource
