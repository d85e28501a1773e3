#include "libs/resource/declaration.h"

#include <fmt/format.h>
#include <google/api/field_behavior.pb.h>
#include <google/api/resource.pb.h>

#include "libs/base/errors.h"
#include "libs/base/text.h"
#include "libs/resource/references.h"

namespace lotura::resource {
namespace {

using FieldDescriptor = pbuf::FieldDescriptor;

constexpr std::size_t kTextSizeMax = 255;
constexpr std::size_t kItemsMax = 100;
constexpr char kUserType[] = "directory.lotura/User";

bool IsMessage(const FieldDescriptor& field, std::string_view full_name) {
  return field.message_type() != nullptr && field.message_type()->full_name() == full_name;
}

bool HasBehavior(const FieldDescriptor& field, google::api::FieldBehavior behavior) {
  const auto& options = field.options();
  for (int i = 0; i < options.ExtensionSize(google::api::field_behavior); ++i) {
    if (options.GetExtension(google::api::field_behavior, i) == behavior) return true;
  }
  return false;
}

ColumnType TypeOfSingular(const FieldDescriptor& field) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      return ColumnType::kText;
    case FieldDescriptor::CPPTYPE_INT32:
    case FieldDescriptor::CPPTYPE_INT64:
    case FieldDescriptor::CPPTYPE_UINT32:
    case FieldDescriptor::CPPTYPE_UINT64:
      return ColumnType::kInt64;
    case FieldDescriptor::CPPTYPE_DOUBLE:
    case FieldDescriptor::CPPTYPE_FLOAT:
      return ColumnType::kDouble;
    case FieldDescriptor::CPPTYPE_BOOL:
      return ColumnType::kBool;
    case FieldDescriptor::CPPTYPE_ENUM:
      return ColumnType::kEnum;
    case FieldDescriptor::CPPTYPE_MESSAGE:
      break;
  }
  if (IsMessage(field, "google.protobuf.Timestamp")) return ColumnType::kTimestamp;
  if (IsMessage(field, "google.type.Date")) return ColumnType::kDate;
  if (IsMessage(field, "google.type.Money")) return ColumnType::kMoney;
  return ColumnType::kJson;
}

ColumnType TypeOf(const FieldDescriptor& field) {
  if (!field.is_repeated()) return TypeOfSingular(field);
  return field.type() == FieldDescriptor::TYPE_STRING ? ColumnType::kTextArray : ColumnType::kJson;
}

bool IsNullable(const Column& column) {
  if (column.field->is_repeated()) return false;
  return column.field->has_presence() || !column.reference.empty();
}

Column MakeColumn(const FieldDescriptor& field) {
  Column column;
  const options::v1::Field& option = field.options().GetExtension(options::v1::field);
  column.field = &field;
  column.name = field.name();
  column.type = TypeOf(field);
  column.required = HasBehavior(field, google::api::REQUIRED);
  column.output_only = HasBehavior(field, google::api::OUTPUT_ONLY);
  column.immutable = HasBehavior(field, google::api::IMMUTABLE);
  column.personal = option.personal();
  column.backdatable = option.backdatable();
  column.max_size = option.max_size() > 0 ? option.max_size()
                    : field.is_repeated() ? kItemsMax
                                          : kTextSizeMax;
  if (option.has_range()) column.range = option.range();
  column.match_key = option.match_key();
  if (const auto types = ReferenceTypesOf(field); !types.empty()) column.reference = types.front();
  column.masking = option.masking();
  column.nullable = IsNullable(column);
  return column;
}

// "close_date  DESC ,amount asc" to "close_date desc, amount".
std::string NormalizeOrder(std::string_view order_by) {
  std::string normal;
  for (const std::string_view part : Split(order_by, ',')) {
    std::string term;
    for (const std::string_view word : Split(Trim(part), ' ')) {
      if (word.empty() || (!term.empty() && ToLowerAscii(word) == "asc")) continue;
      if (!term.empty()) term += ' ';
      term += term.empty() ? std::string(word) : ToLowerAscii(word);
    }
    if (!normal.empty()) normal += ", ";
    normal += term;
  }
  return normal;
}

bool IsStandardField(std::string_view name) {
  return name == "name" || name == "etag" || name == "create_time" || name == "update_time" ||
         name == "delete_time";
}

}  // namespace

// Fills a Declaration in the order in which its parts depend on each other.
class DeclarationCompiler {
 public:
  DeclarationCompiler(Declaration& out, const pbuf::Descriptor* message)
      : out_(out), message_(message) {}

  absl::Status Compile() {
    LOTURA_RETURN_IF_ERROR(Identify());
    LOTURA_RETURN_IF_ERROR(FindStandardFields());
    LOTURA_RETURN_IF_ERROR(CollectColumns());
    LOTURA_RETURN_IF_ERROR(CollectOrders());
    LOTURA_RETURN_IF_ERROR(CollectLookups());
    LOTURA_RETURN_IF_ERROR(CollectWithin());
    return FindAccess();
  }

 private:
  absl::Status Wrong(std::string_view what) const {
    return Internal(fmt::format("declaration of {}: {}", message_->full_name(), what));
  }

  absl::Status Identify() {
    if (!message_->options().HasExtension(google::api::resource))
      return Wrong("google.api.resource is missing");
    if (!message_->options().HasExtension(options::v1::resource))
      return Wrong("lotura.options.v1.resource is missing");
    const google::api::ResourceDescriptor& api =
        message_->options().GetExtension(google::api::resource);
    option_ = &message_->options().GetExtension(options::v1::resource);
    const auto package = Split(message_->file()->package(), '.');
    if (package.size() != 3 || package[0] != "lotura")
      return Wrong("the package is not lotura.<service>.v<n>");
    if (api.pattern_size() != 1) return Wrong("exactly one name pattern is needed");
    if (api.singular().empty() || api.plural().empty())
      return Wrong("singular and plural are needed");
    if (option_->table().empty()) return Wrong("table is missing");
    auto pattern =
        NamePattern::Parse(api.pattern(0), option_->uuid_ids() ? IdForm::kUuid : IdForm::kWord);
    if (!pattern.ok()) return Wrong(Message(pattern.status()));
    if (option_->uuid_ids() && !option_->id_prefix().empty())
      return Wrong("a UUID has no id_prefix");
    out_.message_ = message_;
    out_.prototype_ = pbuf::MessageFactory::generated_factory()->GetPrototype(message_);
    out_.service_ = package[1];
    out_.type_ = api.type();
    if (out_.type_ != fmt::format("{}.lotura/{}", out_.service_, message_->name()))
      return Wrong("the type is not <service>.lotura/<Message>");
    out_.singular_ = ToSnakeCase(api.singular());
    out_.plural_ = ToSnakeCase(api.plural());
    out_.table_ = option_->table();
    out_.soft_delete_ = option_->soft_delete();
    out_.internal_ = option_->internal();
    out_.pattern_ = std::move(pattern).value();
    out_.id_prefix_ =
        option_->id_prefix().empty() ? out_.singular_.substr(0, 1) : option_->id_prefix();
    out_.event_prefix_ = fmt::format("lotura.{}.{}.", out_.service_, out_.singular_);
    out_.reference_types_ = ReferenceTypesOf(*message_);
    return absl::OkStatus();
  }

  absl::Status FindStandardFields() {
    out_.name_field_ = message_->FindFieldByName("name");
    out_.etag_field_ = message_->FindFieldByName("etag");
    out_.create_time_field_ = message_->FindFieldByName("create_time");
    out_.update_time_field_ = message_->FindFieldByName("update_time");
    out_.delete_time_field_ = message_->FindFieldByName("delete_time");
    if (out_.name_field_ == nullptr || out_.etag_field_ == nullptr)
      return Wrong("name and etag are needed");
    if (out_.create_time_field_ == nullptr || out_.update_time_field_ == nullptr)
      return Wrong("create_time and update_time are needed");
    if (out_.soft_delete_ != (out_.delete_time_field_ != nullptr))
      return Wrong("delete_time and soft_delete go together");
    return absl::OkStatus();
  }

  absl::Status CollectColumns() {
    for (int i = 0; i < message_->field_count(); ++i) {
      const FieldDescriptor& field = *message_->field(i);
      auto& columns = IsStandardField(field.name()) ? out_.standard_columns_ : out_.columns_;
      if (field.name() != "etag") columns.push_back(MakeColumn(field));
    }
    for (Column& column : out_.standard_columns_) {
      column.output_only = true;
      column.nullable = column.name == "delete_time";
      out_.by_name_.emplace(column.name, &column);
    }
    for (const Column& column : out_.columns_) {
      if (column.match_key != options::v1::MATCH_KEY_UNSPECIFIED &&
          column.type != ColumnType::kText)
        return Wrong(column.name + ": a match key is a single text");
      if (column.field->real_containing_oneof() != nullptr)
        return Wrong(column.name + ": a field of a oneof cannot be a column");
      out_.by_name_.emplace(column.name, &column);
    }
    return absl::OkStatus();
  }

  absl::Status CollectOrders() {
    for (const options::v1::Order& option : option_->orders()) {
      Order order;
      order.by = NormalizeOrder(option.by());
      for (const std::string_view part : Split(order.by, ',')) {
        const auto words = Split(Trim(part), ' ');
        const Column* column = out_.FindColumn(words[0]);
        if (column == nullptr || words.size() > 2 || (words.size() == 2 && words[1] != "desc"))
          return Wrong(fmt::format("order '{}' is not a list of fields, each with desc or nothing",
                                   option.by()));
        if (column->type == ColumnType::kJson || column->type == ColumnType::kTextArray)
          return Wrong(column->name + ": cannot be ordered");
        if (column->name == "update_time")
          return Wrong(
              "update_time is not an order: its index would double the cost of each update");
        const Direction direction =
            words.size() == 2 ? Direction::kDescending : Direction::kAscending;
        if (!order.columns.empty() && direction != order.direction)
          return Wrong(fmt::format("order '{}' goes in two directions", option.by()));
        order.direction = direction;
        order.columns.push_back(column);
      }
      out_.orders_.push_back(std::move(order));
    }
    out_.orders_.push_back({.by = "name", .columns = {}});
    return absl::OkStatus();
  }

  absl::Status CollectLookups() {
    for (const std::string& name : option_->lookups()) {
      const Column* column = out_.FindColumn(name);
      if (column == nullptr) return Wrong(fmt::format("lookup '{}' is not a field", name));
      out_.lookups_.push_back(column);
    }
    return absl::OkStatus();
  }

  // Names are ordered within every lookup, unless so few records share a value that they are
  // sorted.
  absl::Status CollectWithin() {
    for (int i = 0; i < option_->orders_size(); ++i) {
      for (const std::string& name : option_->orders(i).within()) {
        const Column* column = out_.FindColumn(name);
        if (column == nullptr || !out_.IsLookup(*column) || IsMatchKey(*column))
          return Wrong(
              fmt::format("order '{}' is within '{}', which is no lookup that many records "
                          "share",
                          option_->orders(i).by(), name));
        out_.orders_[static_cast<std::size_t>(i)].within.push_back(column);
      }
    }
    std::ranges::copy_if(out_.lookups_, std::back_inserter(out_.orders_.back().within),
                         [](const Column* lookup) { return !IsMatchKey(*lookup); });
    return absl::OkStatus();
  }

  static bool CanBeMasked(const Column& column) {
    const bool texts = column.type == ColumnType::kText || column.type == ColumnType::kTextArray;
    if (column.masking == options::v1::MASKING_UNSPECIFIED || texts) return true;
    return column.masking == options::v1::MASKING_PHONE && column.field->is_repeated() &&
           IsMessage(*column.field, "lotura.type.v1.Phone");
  }

  absl::Status FindAccess() {
    for (const Column& column : out_.columns_) {
      if (!CanBeMasked(column))
        return Wrong(column.name + ": only texts and several lotura.type.v1.Phone are masked");
      const auto access = column.field->options().GetExtension(options::v1::field).access();
      if (access == options::v1::ACCESS_UNSPECIFIED) continue;
      const bool is_owner = access == options::v1::ACCESS_OWNER;
      const Column*& place = is_owner                                ? out_.owner_
                             : access == options::v1::ACCESS_READERS ? out_.readers_
                                                                     : out_.editors_;
      if (place != nullptr) return Wrong(column.name + ": another field says this of access");
      if (column.type != (is_owner ? ColumnType::kText : ColumnType::kTextArray) ||
          column.reference != kUserType)
        return Wrong(column.name + ": an owner is one user, readers and editors are several");
      if (is_owner && !out_.IsLookup(column)) return Wrong(column.name + ": an owner is a lookup");
      place = &column;
    }
    return absl::OkStatus();
  }

  static bool IsMatchKey(const Column& column) {
    return column.match_key != options::v1::MATCH_KEY_UNSPECIFIED;
  }

  Declaration& out_;
  const pbuf::Descriptor* message_;
  const options::v1::Resource* option_ = nullptr;
};

absl::StatusOr<std::unique_ptr<const Declaration>> Declaration::Compile(
    const pbuf::Descriptor* message) {
  std::unique_ptr<Declaration> declaration(new Declaration());
  LOTURA_RETURN_IF_ERROR(DeclarationCompiler(*declaration, message).Compile());
  return std::unique_ptr<const Declaration>(std::move(declaration));
}

const Column* Declaration::FindColumn(std::string_view field) const {
  const auto found = by_name_.find(field);
  return found == by_name_.end() ? nullptr : found->second;
}

bool Declaration::IsLookup(const Column& column) const {
  return std::ranges::find(lookups_, &column) != lookups_.end();
}

bool Declaration::RefersTo(const Declaration& other) const {
  return reference_types_.contains(other.type_) || other.pattern().IsParentOf(pattern());
}

std::string Declaration::EventType(std::string_view event) const {
  return fmt::format("{}{}.v1", event_prefix_, event);
}

const Order* Declaration::FindOrder(std::string_view order_by) const {
  if (Trim(order_by).empty()) return &orders_.front();
  const auto found = std::ranges::find(orders_, NormalizeOrder(order_by), &Order::by);
  return found == orders_.end() ? nullptr : &*found;
}

std::unique_ptr<pbuf::Message> Declaration::NewMessage() const {
  return std::unique_ptr<pbuf::Message>(prototype_->New());
}

std::shared_ptr<pbuf::Message> Declaration::NewMessage(
    const std::shared_ptr<pbuf::Arena>& arena) const {
  if (arena == nullptr) return NewMessage();
  return {arena, prototype_->New(arena.get())};
}

std::string Declaration::NameOf(const pbuf::Message& record) const {
  return record.GetReflection()->GetString(record, name_field_);
}

}  // namespace lotura::resource
