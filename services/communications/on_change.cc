#include "services/communications/on_change.h"

#include <fmt/format.h>

#include <map>
#include <memory>

#include "libs/access/record_states.h"
#include "libs/access/vocabulary.h"
#include "libs/base/calendar.h"
#include "libs/events/record_params.h"
#include "lotura/communications/v1/activity.pb.h"
#include "lotura/communications/v1/timeline.pb.h"
#include "lotura/sales/v1/opportunity.pb.h"
#include "lotura/sales/v1/stage_change.pb.h"
#include "services/communications/queries.sql.h"
#include "services/communications/related.h"

namespace lotura::communications {
namespace {

using google::protobuf::Message;
using pg::Array;
using pg::Type;
using sales::v1::Opportunity;

// Activities have entries of their own, and the history of stages repeats what the events "moved"
// and "reopened" say.
bool IsForTimelines(const events::Event& event) {
  return !event.IsAbout<v1::Activity>() && !event.IsAbout<sales::v1::StageChange>();
}

// Null for a type that nobody is shown, or that this binary does not know: a newer one, which the
// next release will show.
const resource::Declaration* FindType(const events::Event& event) {
  const resource::Declaration* type =
      access::Vocabulary::Linked().FindTypeOfName(events::FullNameOf(event));
  const bool fits = type != nullptr && type->message()->full_name() == event.change.resource_type();
  return fits ? type : nullptr;
}

// Whether timelines tell of the record, or may be those of it.
bool IsOnTimelines(const events::Event& event) {
  return !event.IsAbout<sales::v1::StageChange>() && FindType(event) != nullptr;
}

std::string DisplayNameOf(const Message& record) {
  const auto* field = record.GetDescriptor()->FindFieldByName("display_name");
  return field == nullptr ? "" : record.GetReflection()->GetString(record, field);
}

const char* KindOf(const events::Event& event) {
  if (event.change.detail().Is<sales::v1::OpportunityMoved>()) return "MOVED";
  if (event.change.detail().Is<sales::v1::OpportunityReopened>()) return "REOPENED";
  switch (event.change.kind()) {
    case events::v1::KIND_CREATED:
      return "CREATED";
    case events::v1::KIND_DELETED:
      return "DELETED";
    case events::v1::KIND_UNDELETED:
      return "UNDELETED";
    case events::v1::KIND_UPDATED:
    case events::v1::KIND_UNSPECIFIED:
    case events::v1::Kind_INT_MIN_SENTINEL_DO_NOT_USE_:
    case events::v1::Kind_INT_MAX_SENTINEL_DO_NOT_USE_:
      break;
  }
  // Also of a newer service that tells changes apart which this binary does not know.
  return "UPDATED";
}

// When it happened, which an importer of history may have set in the past.
Instant TimeOf(const events::Event& event, const Message* before, const Message& after) {
  const auto* deal = dynamic_cast<const Opportunity*>(&after);
  if (deal == nullptr) return event.time;
  const auto* previous = dynamic_cast<const Opportunity*>(before);
  const bool entered = previous == nullptr ? event.change.kind() == events::v1::KIND_CREATED
                                           : previous->stage() != deal->stage();
  return entered ? ToInstant(deal->stage_enter_time()) : event.time;
}

// Entries of one tenant, column by column in the order of the statement's parameters.
class EntryRows {
 public:
  void Add(const events::Event& event, const Message* before, const Message& after) {
    const std::string source = fmt::format("{}/{}", event.source, event.subject);
    std::set<std::string> records = RelatedTo(event, after);
    if (before != nullptr) records.merge(RelatedTo(event, *before));
    records.insert(source);
    std::string changed_fields;
    for (const std::string& path : event.change.changed_fields().paths())
      changed_fields += (changed_fields.empty() ? "" : ",") + path;
    if (event.change.kind() != events::v1::KIND_UPDATED) changed_fields.clear();
    for (const std::string& record : records) {
      record_.Add(record);
      entry_id_.Add(event.id.ToString());
      time_.Add(pg::binary::Timestamp(TimeOf(event, before, after)));
      kind_.Add(KindOf(event));
      source_.Add(source);
      source_display_name_.Add(DisplayNameOf(after));
      event_type_.Add(event.type);
      source_version_.Add(pg::binary::Int64(event.version()));
      actor_.Add(event.actor);
      changed_fields_.Add(changed_fields);
      event.change.has_detail() ? detail_.Add(event.change.detail().SerializeAsString())
                                : detail_.AddNull();
    }
  }

  [[nodiscard]] pg::Params ParamsFor(const TenantId& tenant) const {
    pg::Params params;
    params.Tenant(tenant);
    for (const Array* column :
         {&record_, &entry_id_, &time_, &kind_, &source_, &source_display_name_, &event_type_,
          &source_version_, &actor_, &changed_fields_, &detail_}) {
      params.Add(*column);
    }
    return params;
  }

 private:
  Array record_{Type::kText};
  Array entry_id_{Type::kText};
  Array time_{Type::kTimestamptz};
  Array kind_{Type::kText};
  Array source_{Type::kText};
  Array source_display_name_{Type::kText};
  Array event_type_{Type::kText};
  Array source_version_{Type::kInt64};
  Array actor_{Type::kText};
  Array changed_fields_{Type::kText};
  Array detail_{Type::kBytea};
};

absl::Status AddEvent(const events::Event& event, EntryRows& rows) {
  const resource::Declaration* type = FindType(event);
  if (type == nullptr) return absl::OkStatus();
  const std::unique_ptr<Message> after = type->NewMessage();
  LOTURA_RETURN_IF_ERROR(events::ReadState(event.change.after(), *after));
  const std::unique_ptr<Message> before(event.change.has_before() ? after->New() : nullptr);
  if (before != nullptr) LOTURA_RETURN_IF_ERROR(events::ReadState(event.change.before(), *before));
  rows.Add(event, before.get(), *after);
  return absl::OkStatus();
}

}  // namespace

absl::Status ProjectChanges(pg::Tx& tx, std::span<const events::Event> events) {
  std::map<TenantId, EntryRows> tenants;
  for (const events::Event& event : events) {
    if (IsForTimelines(event)) LOTURA_RETURN_IF_ERROR(AddEvent(event, tenants[event.tenant]));
  }
  for (const auto& [tenant, rows] : tenants)
    tx.Run(sql::kAddTimelineEntries, rows.ParamsFor(tenant));
  // Together with the entries, so that nobody is shown what was made of a record after it was taken
  // from him.
  access::ProjectRecordStates(tx, events, IsOnTimelines);
  return absl::OkStatus();
}

}  // namespace lotura::communications
