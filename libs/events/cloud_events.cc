#include "libs/events/cloud_events.h"

#include <google/protobuf/util/time_util.h>

#include "libs/base/text.h"

namespace lotura::events {
namespace {

constexpr char kSpecVersion[] = "ce_specversion";
constexpr char kId[] = "ce_id";
constexpr char kSource[] = "ce_source";
constexpr char kType[] = "ce_type";
constexpr char kSubject[] = "ce_subject";
constexpr char kTime[] = "ce_time";
constexpr char kSchema[] = "ce_dataschema";
constexpr char kTenant[] = "ce_tenant";
constexpr char kActor[] = "ce_actor";
constexpr char kCause[] = "ce_causationid";
constexpr char kCorrelation[] = "ce_correlationid";
constexpr char kContentType[] = "content-type";
constexpr char kTraceparent[] = "traceparent";
constexpr std::size_t kHeadersMax = 13;
constexpr std::string_view kProtobuf = "application/protobuf";

// Takes the parts.
void AddState(std::string& plain, std::string& personal, v1::State* state) {
  state->set_plain(std::move(plain));
  state->set_personal(std::move(personal));
}

absl::Status Undecodable(std::string_view reason, std::string_view header) {
  return Error(absl::StatusCode::kInvalidArgument, reason, "the record is not an event",
               {{"header", std::string(header)}});
}

// The value of a header that is not there.
const std::string kNothing;

// Reads attributes and remembers the first one that is wrong.
class Attributes {
 public:
  explicit Attributes(const BusRecord& record) : record_(record) {}

  [[nodiscard]] const std::string& Optional(std::string_view name) const {
    const auto header = std::ranges::find(record_.headers, name, &Header::name);
    return header == record_.headers.end() ? kNothing : header->value;
  }

  const std::string& Required(std::string_view name) {
    const std::string& value = Optional(name);
    if (value.empty()) Refuse("EVENT_HEADER_MISSING", name);
    if (!Utf8Size(value).has_value()) Refuse("EVENT_HEADER_INVALID", name);
    return value;
  }

  Uuid RequiredUuid(std::string_view name) {
    const auto uuid = Uuid::Parse(Required(name));
    if (!uuid.has_value()) Refuse("EVENT_HEADER_INVALID", name);
    return uuid.value_or(Uuid());
  }

  Instant RequiredTime(std::string_view name) {
    google::protobuf::Timestamp time;
    if (!google::protobuf::util::TimeUtil::FromString(Required(name), &time)) {
      Refuse("EVENT_HEADER_INVALID", name);
    }
    return Instant(
        std::chrono::microseconds(google::protobuf::util::TimeUtil::TimestampToMicroseconds(time)));
  }

  void RequireValue(std::string_view name, std::string_view expected) {
    if (Required(name) != expected) Refuse("EVENT_HEADER_INVALID", name);
  }

  [[nodiscard]] const absl::Status& status() const { return status_; }

 private:
  void Refuse(std::string_view reason, std::string_view name) {
    if (status_.ok()) status_ = Undecodable(reason, name);
  }

  const BusRecord& record_;
  absl::Status status_;
};

}  // namespace

std::string TopicOf(std::string_view service) {
  return std::string("lotura.").append(service).append(".v1");
}

std::string SourceOf(std::string_view service) {
  return std::string("//").append(service).append(".lotura");
}

absl::StatusOr<v1::Change> ToChange(JournalEntry entry) {
  v1::Change change;
  change.set_resource_type(std::move(entry.resource_type));
  change.set_version(entry.version);
  change.set_kind(static_cast<v1::Kind>(entry.kind));
  // A state is never empty: it holds at least the record's name.
  if (!entry.before_plain.empty()) {
    AddState(entry.before_plain, entry.before_personal, change.mutable_before());
  }
  if (!entry.after_plain.empty()) {
    AddState(entry.after_plain, entry.after_personal, change.mutable_after());
  }
  if (!entry.changed_fields.empty()) {
    for (const std::string_view path : Split(entry.changed_fields, ',')) {
      change.mutable_changed_fields()->add_paths(std::string(path));
    }
  }
  if (!entry.detail.empty() && !change.mutable_detail()->ParseFromString(entry.detail)) {
    return Internal("the detail of a journal entry is not readable");
  }
  change.set_epoch(entry.position.epoch);
  return change;
}

std::string RecordKey(const TenantId& tenant, std::string_view name) {
  return tenant.value.ToString().append("/").append(name);
}

absl::StatusOr<BusRecord> ToBusRecord(JournalEntry entry, std::string_view service) {
  BusRecord record{.topic = TopicOf(service), .key = RecordKey(entry.tenant, entry.name)};
  record.headers.reserve(kHeadersMax);
  const auto add = [&](const char* name, std::string value) {
    record.headers.push_back({name, std::move(value)});
  };
  const auto add_if_set = [&](const char* name, std::string& value) {
    if (!value.empty()) add(name, std::move(value));
  };
  add(kSpecVersion, "1.0");
  add(kId, entry.event_id.ToString());
  add(kSource, SourceOf(service));
  add(kType, std::move(entry.type));
  add(kSubject, std::move(entry.name));
  add(kTime, ToRfc3339(entry.create_time));
  add(kSchema, "type.googleapis.com/" + entry.resource_type);
  add(kTenant, entry.tenant.value.ToString());
  add(kActor, std::move(entry.actor));
  add(kContentType, std::string(kProtobuf));
  add_if_set(kCause, entry.cause);
  add_if_set(kCorrelation, entry.request_id);
  add_if_set(kTraceparent, entry.traceparent);
  LOTURA_ASSIGN_OR_RETURN(const v1::Change change, ToChange(std::move(entry)));
  change.SerializeToString(&record.value);
  return record;
}

absl::StatusOr<Event> FromBusRecord(const BusRecord& record) {
  Attributes attributes(record);
  attributes.RequireValue(kSpecVersion, "1.0");
  attributes.RequireValue(kContentType, kProtobuf);
  Event event;
  event.id = attributes.RequiredUuid(kId);
  event.source = attributes.Required(kSource);
  event.type = attributes.Required(kType);
  event.subject = attributes.Required(kSubject);
  event.time = attributes.RequiredTime(kTime);
  event.tenant.value = attributes.RequiredUuid(kTenant);
  event.actor = attributes.Optional(kActor);
  event.cause = attributes.Optional(kCause);
  event.correlation = attributes.Optional(kCorrelation);
  event.trace = TraceContext::ParseOrEmpty(attributes.Optional(kTraceparent), "");
  LOTURA_RETURN_IF_ERROR(attributes.status());
  if (record.key != RecordKey(event.tenant, event.subject)) {
    return Undecodable("EVENT_HEADER_INVALID", kSubject);
  }
  if (!event.change.ParseFromString(record.value)) return Undecodable("EVENT_VALUE_INVALID", "");
  return event;
}

std::optional<Instant> TimeOf(const BusRecord& record) {
  Attributes attributes(record);
  const Instant time = attributes.RequiredTime(kTime);
  return attributes.status().ok() ? std::optional(time) : std::nullopt;
}

}  // namespace lotura::events
