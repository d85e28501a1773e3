#include "libs/feed/seen_event.h"

#include "libs/mutant/use.h"
#include "libs/resource/message_copy.h"
#include "libs/resource/personal.h"

namespace lotura::feed {
namespace {

using events::v1::Change;
using events::v1::Event;
using events::v1::SubscribeResponse;
using resource::Access;

bool IsSeen(const std::unique_ptr<const pbuf::Message>& record, const resource::View& view) {
  return record != nullptr && view.Allows(Access::kRead, *record);
}

void SetState(const pbuf::Message& record, const resource::View& view, events::v1::State& state) {
  const std::unique_ptr<pbuf::Message> shown = resource::CopyOf(record);
  if (!mutant::Omits("feed.fields")) view.Mask(*shown);
  resource::Parts parts = resource::Split(*shown);
  state.set_plain(std::move(parts.plain));
  state.set_personal(std::move(parts.personal));
}

void CutFields(const pbuf::Message& record, const resource::View& view, Change& change) {
  google::protobuf::FieldMask seen;
  for (const std::string& path : change.changed_fields().paths()) {
    if (view.Reads(path, record)) seen.add_paths(path);
  }
  change.mutable_changed_fields()->Swap(&seen);
}

// Whether nothing of the record, where there is one, is kept from the view's holder.
bool IsSeenWhole(const std::unique_ptr<const pbuf::Message>& record, const resource::View& view) {
  return record == nullptr || (IsSeen(record, view) && view.ShowsAll(*record));
}

Event Removed(const Event& event, const resource::View& view) {
  Event removed;
  removed.set_event_id(event.event_id());
  removed.set_source(event.source());
  removed.set_type(view.declaration().EventType("removed_from_view"));
  removed.set_subject(event.subject());
  *removed.mutable_time() = event.time();
  removed.mutable_change()->set_resource_type(event.change().resource_type());
  removed.mutable_change()->set_version(event.change().version());
  removed.mutable_change()->set_epoch(event.change().epoch());
  removed.set_removed_from_view(true);
  return removed;
}

}  // namespace

std::shared_ptr<const SubscribeResponse> SeenThrough(const resource::View& view,
                                                     const FeedEvent& event) {
  if (view.IsWhole()) return event.response();
  const FeedEvent::Records& records = event.RecordsAs(view.declaration());
  const auto response = std::make_shared<SubscribeResponse>();
  response->set_resume_token(event.response()->resume_token());
  if (!mutant::Omits("feed.removed") && !IsSeen(records.after, view)) {
    *response->mutable_event() = Removed(event.event(), view);
    return response;
  }
  *response->mutable_event() = event.event();
  Change& change = *response->mutable_event()->mutable_change();
  if (!mutant::Omits("feed.changed_fields")) CutFields(*records.after, view, change);
  if (!mutant::Omits("feed.detail") &&
      (!IsSeenWhole(records.before, view) || !IsSeenWhole(records.after, view)))
    change.clear_detail();
  // The states are left out of what is too large for a message.
  if (change.has_after()) SetState(*records.after, view, *change.mutable_after());
  if (!change.has_before()) return response;
  if (mutant::Omits("feed.before") || IsSeen(records.before, view)) {
    SetState(*records.before, view, *change.mutable_before());
  } else {
    change.clear_before();
  }
  return response;
}

}  // namespace lotura::feed
