// Entries of a journal for tests.
#pragma once

#include <google/protobuf/any.pb.h>

#include "libs/events/journal.h"
#include "lotura/events/v1/change.pb.h"

namespace lotura::testing {

using events::JournalEntry;

// An entry with every part filled in.
inline JournalEntry EntryOf(IdSource& ids, std::string name, std::int64_t version) {
  JournalEntry entry;
  entry.tenant = {*Uuid::Parse("0195f3c2-7c9e-7d51-8f2e-0123456789ab")};
  entry.event_id = ids.Next();
  entry.name = std::move(name);
  entry.type = "lotura.sales.opportunity.moved.v1";
  entry.resource_type = "lotura.sales.v1.Opportunity";
  entry.version = version;
  entry.kind = events::v1::KIND_UPDATED;
  entry.changed_fields = "stage,amount";
  entry.before_plain = std::string("before\0plain", 12);
  entry.before_personal = "before personal";
  entry.after_plain = std::string("\xff\xfe\0", 3);
  entry.after_personal = "after personal";
  google::protobuf::Any detail;
  detail.set_type_url("type.googleapis.com/lotura.sales.v1.OpportunityMoved");
  entry.detail = detail.SerializeAsString();
  entry.person_keys = {"people/anna", "people/\"b\", c"};
  entry.actor = "users/anna";
  entry.method = "lotura.sales.v1.OpportunityService/MoveOpportunity";
  entry.request_id = ids.Next().ToString();
  entry.cause = ids.Next().ToString();
  entry.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  return entry;
}

}  // namespace lotura::testing
