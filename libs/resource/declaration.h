// What a record type is, compiled from its proto message once at start-up.
#pragma once

#include <absl/status/statusor.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/uuid.h"
#include "lotura/options/v1/options.pb.h"

namespace lotura::resource {

namespace pbuf = google::protobuf;

// How a record is known inside a process; no cache, map or function takes a bare name.
struct Key {
  TenantId tenant;
  std::string name;

  friend auto operator<=>(const Key&, const Key&) = default;
};

// How a field is stored.
enum class ColumnType {
  kText,       // string; a reference that is not set is NULL, any other string is NOT NULL
  kInt64,      // all integers, as bigint
  kDouble,     // double precision
  kBool,       // boolean
  kEnum,       // text: the value's name without the prefix of its type
  kTimestamp,  // timestamptz
  kDate,       // date; google.type.Date with year, month and day
  kMoney,      // numeric, and a second column <name>_currency of type text
  kTextArray,  // text[]; repeated string
  kJson,  // jsonb in proto3 JSON with the proto's field names: any other message, repeated field or
          // map
};

// One field of the message and its column.
struct Column {
  const pbuf::FieldDescriptor* field = nullptr;
  std::string name;
  ColumnType type = ColumnType::kText;
  bool required = false;
  bool output_only = false;
  bool immutable = false;
  bool personal = false;
  bool backdatable = false;
  // NULL stands for a field that is not set.
  bool nullable = false;
  // Most characters, or items.
  std::size_t max_size = 0;
  std::optional<options::v1::Range> range;
  options::v1::MatchKey match_key = options::v1::MATCH_KEY_UNSPECIFIED;
  // The type that the field must name, "sales.lotura/Stage", the first where there are several;
  // empty if it is no reference.
  std::string reference;
  options::v1::Masking masking = options::v1::MASKING_UNSPECIFIED;

  // "amount_currency" of an amount of money.
  [[nodiscard]] std::string CurrencyColumn() const { return name + "_currency"; }
};

enum class Direction { kAscending, kDescending };

// One way to read a list. All fields and the name, which breaks ties, go in one direction, so that
// an ascending index over (tenant_id, [parent,] fields, name) serves it by comparing rows. A field
// that is not set counts as the smallest value, an amount of money as zero.
struct Order {
  // In its normal form: "close_date desc, amount desc".
  std::string by;
  std::vector<const Column*> columns;
  Direction direction = Direction::kAscending;
  // Lookups within each value of which it has an index, too.
  std::vector<const Column*> within = {};
};

// What ids of records look like.
enum class IdForm {
  kWord,  // lower-case letters, digits and hyphens, see IsWellFormedId
  kUuid,  // a UUID of 36 characters in lower case
};

// "pipelines/{pipeline}/stages/{stage}".
class NamePattern {
 public:
  // `form` is that of the last id.
  static absl::StatusOr<NamePattern> Parse(std::string_view pattern, IdForm form = IdForm::kWord);

  // Checks that `name` fits the pattern with well-formed ids.
  [[nodiscard]] bool Matches(std::string_view name) const;
  [[nodiscard]] bool HasParent() const { return collections_.size() > 1; }
  [[nodiscard]] bool MatchesParent(std::string_view parent) const;
  // True for "pipelines/-", which stands for all parents.
  [[nodiscard]] bool IsAnyParent(std::string_view parent) const;
  // "pipelines/-"; empty for records without a parent.
  [[nodiscard]] std::string AnyParent() const;
  // True for the pattern of the records under which those of `child` stand.
  [[nodiscard]] bool IsParentOf(const NamePattern& child) const;
  [[nodiscard]] std::string Make(std::string_view parent, std::string_view id) const;
  // Whether the id has the form that the last one of a name needs.
  [[nodiscard]] bool IsId(std::string_view id) const;
  [[nodiscard]] IdForm id_form() const { return id_form_; }
  // "stages".
  [[nodiscard]] const std::string& Collection() const { return collections_.back(); }

 private:
  std::vector<std::string> collections_;
  IdForm id_form_ = IdForm::kWord;
};

// Immutable and shared by all threads. Pointers into it stay valid as long as it lives.
class Declaration {
 public:
  // INTERNAL with what is wrong, naming message and field: a wrong declaration stops the start.
  static absl::StatusOr<std::unique_ptr<const Declaration>> Compile(
      const pbuf::Descriptor* message);

  Declaration(const Declaration&) = delete;
  Declaration& operator=(const Declaration&) = delete;

  [[nodiscard]] const pbuf::Descriptor* message() const { return message_; }
  // "sales.lotura/Opportunity".
  [[nodiscard]] const std::string& type() const { return type_; }
  // "sales".
  [[nodiscard]] const std::string& service() const { return service_; }
  // "opportunity" and "opportunities", as in field names of requests and responses (snake_case).
  [[nodiscard]] const std::string& singular() const { return singular_; }
  [[nodiscard]] const std::string& plural() const { return plural_; }
  [[nodiscard]] const std::string& table() const { return table_; }
  [[nodiscard]] const NamePattern& pattern() const { return *pattern_; }
  [[nodiscard]] bool soft_delete() const { return soft_delete_; }
  // Nobody is shown records of the type.
  [[nodiscard]] bool internal() const { return internal_; }
  [[nodiscard]] const std::string& id_prefix() const { return id_prefix_; }
  // Every field but name, etag, create_time, update_time and delete_time, in the order of their
  // numbers.
  [[nodiscard]] const std::vector<Column>& columns() const { return columns_; }
  [[nodiscard]] const std::vector<Order>& orders() const { return orders_; }
  // Includes the engine's own: name, create_time, update_time and delete_time. Nothing for an
  // unknown field.
  [[nodiscard]] const Column* FindColumn(std::string_view field) const;
  [[nodiscard]] bool IsLookup(const Column& column) const;
  // Fields that a filter finds by an index of its own.
  [[nodiscard]] const std::vector<const Column*>& lookups() const { return lookups_; }
  // The fields that say who may see and change a record; null where the type has none.
  [[nodiscard]] const Column* owner() const { return owner_; }
  [[nodiscard]] const Column* readers() const { return readers_; }
  [[nodiscard]] const Column* editors() const { return editors_; }
  // "lotura.sales.opportunity.created.v1" for the event "created".
  [[nodiscard]] std::string EventType(std::string_view event) const;
  // Normalizes and finds; nothing for an order that is not declared. An empty text is the first
  // order.
  [[nodiscard]] const Order* FindOrder(std::string_view order_by) const;

  // Whether a record of this type may hold the name of one of `other`, in a field or as its parent.
  [[nodiscard]] bool RefersTo(const Declaration& other) const;
  // Whether it may hold the name of any other record in a field.
  [[nodiscard]] bool HasReferences() const { return !reference_types_.empty(); }

  [[nodiscard]] std::unique_ptr<pbuf::Message> NewMessage() const;
  // On the arena, which it keeps; without one, on the heap.
  [[nodiscard]] std::shared_ptr<pbuf::Message> NewMessage(
      const std::shared_ptr<pbuf::Arena>& arena) const;
  // Fields that every record has; null where the message does not declare them.
  [[nodiscard]] const pbuf::FieldDescriptor* name_field() const { return name_field_; }
  [[nodiscard]] const pbuf::FieldDescriptor* etag_field() const { return etag_field_; }
  [[nodiscard]] const pbuf::FieldDescriptor* create_time_field() const {
    return create_time_field_;
  }
  [[nodiscard]] const pbuf::FieldDescriptor* update_time_field() const {
    return update_time_field_;
  }
  [[nodiscard]] const pbuf::FieldDescriptor* delete_time_field() const {
    return delete_time_field_;
  }
  [[nodiscard]] std::string NameOf(const pbuf::Message& record) const;

 private:
  friend class DeclarationCompiler;
  Declaration() = default;

  const pbuf::Descriptor* message_ = nullptr;
  // Looking it up again would cost a record more than one of its fields.
  const pbuf::Message* prototype_ = nullptr;
  std::string type_;
  std::string service_;
  std::string singular_;
  std::string plural_;
  std::string table_;
  std::string id_prefix_;
  std::string event_prefix_;
  std::optional<NamePattern> pattern_;
  bool soft_delete_ = false;
  bool internal_ = false;
  std::vector<Column> columns_;
  std::vector<Column> standard_columns_;
  std::map<std::string, const Column*, std::less<>> by_name_;  // fields are no tenant's
  std::vector<Order> orders_;
  std::vector<const Column*> lookups_;
  const Column* owner_ = nullptr;
  const Column* readers_ = nullptr;
  const Column* editors_ = nullptr;
  std::set<std::string> reference_types_;  // types are no tenant's
  const pbuf::FieldDescriptor* name_field_ = nullptr;
  const pbuf::FieldDescriptor* etag_field_ = nullptr;
  const pbuf::FieldDescriptor* create_time_field_ = nullptr;
  const pbuf::FieldDescriptor* update_time_field_ = nullptr;
  const pbuf::FieldDescriptor* delete_time_field_ = nullptr;
};

}  // namespace lotura::resource
