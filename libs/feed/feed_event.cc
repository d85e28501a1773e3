#include "libs/feed/feed_event.h"

#include <google/protobuf/util/time_util.h>

#include <algorithm>

#include "libs/base/limits.h"
#include "libs/events/cloud_events.h"

namespace lotura::feed {
namespace {

// What an event takes beside its message.
constexpr std::size_t kOverhead = 512;
// A message of this size leaves room for what stands around it.
constexpr std::size_t kEventBytesMax = kMessageBytesMax - (16 << 10);

std::unique_ptr<const pbuf::Message> RecordOf(const resource::Declaration& declaration,
                                              const events::v1::State& state) {
  std::unique_ptr<pbuf::Message> record = declaration.NewMessage();
  // What cannot be read fulfills no condition.
  if (!events::ReadState(state, *record).ok()) return nullptr;
  return record;
}

void Describe(const events::JournalEntry& entry, const std::string& service,
              events::v1::Event& event) {
  event.set_event_id(entry.event_id.ToString());
  event.set_source(events::SourceOf(service));
  event.set_type(entry.type);
  event.set_subject(entry.name);
  *event.mutable_time() =
      pbuf::util::TimeUtil::MicrosecondsToTimestamp(entry.create_time.time_since_epoch().count());
  event.set_actor(entry.actor);
  event.set_cause(entry.cause);
  event.set_correlation(entry.request_id);
  event.set_traceparent(entry.traceparent);
}

}  // namespace

absl::StatusOr<FeedEventPtr> FeedEvent::Make(const events::JournalEntry& entry,
                                             const std::string& service, const ResumeTokens& tokens,
                                             Instant floor) {
  LOTURA_ASSIGN_OR_RETURN(events::v1::Change change, events::ToChange(entry));
  std::shared_ptr<FeedEvent> made(new FeedEvent);
  made->cursor_ = {entry.position, std::max(entry.create_time, floor)};
  made->tenant_ = entry.tenant;
  made->resource_type_ = entry.resource_type;
  const auto response = std::make_shared<events::v1::SubscribeResponse>();
  events::v1::Event& event = *response->mutable_event();
  Describe(entry, service, event);
  *event.mutable_change() = std::move(change);
  response->set_resume_token(tokens.Make(entry.tenant, {.cursor = made->cursor_}));
  made->bytes_ = kOverhead + response->ByteSizeLong();
  if (made->bytes_ > kEventBytesMax) {
    made->omitted_.Swap(event.mutable_change());
    *event.mutable_change() = made->omitted_;
    event.mutable_change()->clear_before();
    event.mutable_change()->clear_after();
    event.set_states_omitted(true);
  }
  made->response_ = response;
  return FeedEventPtr(std::move(made));
}

const FeedEvent::Records& FeedEvent::RecordsAs(const resource::Declaration& declaration) const {
  std::call_once(read_, [&] {
    const events::v1::Change& change =
        event().states_omitted() ? omitted_ : response_->event().change();
    if (change.has_before()) records_.before = RecordOf(declaration, change.before());
    if (change.has_after()) records_.after = RecordOf(declaration, change.after());
  });
  return records_;
}

}  // namespace lotura::feed
