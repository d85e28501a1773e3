#include "libs/feed/past_reader.h"

#include <algorithm>

#include "libs/base/errors.h"
#include "libs/mutant/use.h"
#include "libs/resource/personal.h"

namespace lotura::feed {
namespace {

using events::v1::SubscribeResponse;
using events::v1::Subscription;

std::shared_ptr<SubscribeResponse> ResponseOf(const resource::Declaration& declaration,
                                              const resource::Record& record) {
  auto response = std::make_shared<SubscribeResponse>();
  events::v1::SnapshotRecord& sent = *response->mutable_record();
  sent.set_resource_type(declaration.message()->full_name());
  sent.set_name(declaration.NameOf(*record.message));
  sent.set_version(record.version);
  resource::Parts parts = resource::Split(*record.message);
  sent.mutable_state()->set_plain(std::move(parts.plain));
  sent.mutable_state()->set_personal(std::move(parts.personal));
  return response;
}

// The type behind this one; nothing behind the last.
std::optional<SnapshotPlace> NextType(const Selection& selection, const std::string& type) {
  const std::vector<std::string> types = selection.ResourceTypes();
  const auto next = std::ranges::upper_bound(types, type);
  if (next == types.end()) return std::nullopt;
  return SnapshotPlace{.resource_type = *next, .page_token = {}};
}

}  // namespace

absl::Status PastReader::Serve(Subscriber& subscriber) const {
  const Subscriber::Work work = subscriber.work();
  switch (work.stage) {
    case Subscriber::Stage::kOpening:
      return Open(subscriber);
    case Subscriber::Stage::kSnapshot:
      return SendPage(subscriber, work);
    case Subscriber::Stage::kTail:
      return CatchUp(subscriber, work);
  }
  return Internal("a subscriber is in no stage");
}

absl::Status PastReader::Open(Subscriber& subscriber) const {
  metrics_.reads.With({"open"}).Add();
  LOTURA_ASSIGN_OR_RETURN(const events::HistoryBounds bounds, parts_.history.Bounds(Bound()));
  switch (subscriber.start()) {
    case Subscription::START_EARLIEST:
      subscriber.Opened({.cursor = bounds.earliest});
      return absl::OkStatus();
    case Subscription::START_SNAPSHOT:
      subscriber.Opened(
          {.cursor = bounds.latest, .snapshot = NextType(subscriber.selection(), "")});
      return absl::OkStatus();
    case Subscription::START_TOKEN:
      break;
    case Subscription::START_LATEST:
    case Subscription::START_UNSPECIFIED:
    // What is no start was refused when it was asked for.
    case events::v1::Subscription_Start_Subscription_Start_INT_MIN_SENTINEL_DO_NOT_USE_:
    case events::v1::Subscription_Start_Subscription_Start_INT_MAX_SENTINEL_DO_NOT_USE_:
      subscriber.Opened({.cursor = bounds.latest});
      return absl::OkStatus();
  }
  const ResumePoint& resume = subscriber.resume();
  const bool unknown_epoch = resume.cursor.position.epoch > bounds.latest.position.epoch;
  if (resume.cursor.time < bounds.earliest.time || unknown_epoch)
    return Expired(subscriber.call().principal.tenant, bounds.earliest);
  subscriber.Opened(resume);
  return absl::OkStatus();
}

absl::Status PastReader::CatchUp(Subscriber& subscriber, const Subscriber::Work& work) const {
  metrics_.reads.With({"catch_up"}).Add();
  const TenantId& tenant = subscriber.call().principal.tenant;
  events::ReadLimit limit = limits_.batch;
  // Of what may not be for him more is read than he has credit for: many look-ups for one event
  // would cost everybody more than what is read in vain.
  if (subscriber.selection().TakesAll())
    limit.entries =
        std::clamp<std::size_t>(static_cast<std::size_t>(work.credit), 1, limit.entries);
  const auto batch = parts_.history.Read(
      {.tenant = tenant, .resource_types = subscriber.selection().ResourceTypes()},
      work.point.cursor, limit, Bound());
  if (ReasonOf(batch.status()) == "EVENTS_EXPIRED") {
    LOTURA_ASSIGN_OR_RETURN(const events::HistoryBounds bounds, parts_.history.Bounds(Bound()));
    return Expired(tenant, bounds.earliest);
  }
  LOTURA_RETURN_IF_ERROR(batch.status());
  for (const events::JournalEntry& entry : batch->entries) {
    LOTURA_ASSIGN_OR_RETURN(
        const FeedEventPtr event,
        FeedEvent::Make(entry, parts_.catalog.service(), parts_.tokens, batch->floor));
    // What is not taken is read again when there is room or credit.
    if (!subscriber.Deliver(event)) return absl::OkStatus();
  }
  subscriber.MoveTo({.cursor = batch->next});
  return absl::OkStatus();
}

absl::Status PastReader::SendPage(Subscriber& subscriber, const Subscriber::Work& work) const {
  metrics_.reads.With({"snapshot"}).Add();
  ResumePoint point = work.point;
  const resource::RecordType* type = subscriber.selection().FindType(point.snapshot->resource_type);
  if (type == nullptr) {
    // A token of a subscription to other types.
    point.snapshot = NextType(subscriber.selection(), point.snapshot->resource_type);
    subscriber.MoveTo(point);
    return absl::OkStatus();
  }
  const resource::Declaration& declaration = *type->declaration;
  Call call = subscriber.call();
  call.deadline = Bound();
  call.now = parts_.clock.Now();
  const resource::ListRequest request{
      .parent = declaration.pattern().AnyParent(),
      .page_token = point.snapshot->page_token,
      // No more than the stream takes at once: what it does not take is read again.
      .page_size = static_cast<std::int32_t>(
          std::min<std::int64_t>(limits_.page_size, std::max<std::int64_t>(work.credit, 1))),
      // By name, so that nothing that changes meanwhile leaves its place.
      .show_deleted = resource::ShowDeleted::kYes,
      .must_show = mutant::Omits("snapshot.asked") ? std::set<const resource::Column*>()
                                                   : subscriber.selection().filter_columns()};
  const auto page = parts_.lister.List(call, declaration, request);
  if (ReasonOf(page.status()) == "PAGE_TOKEN_EXPIRED") {
    LOTURA_ASSIGN_OR_RETURN(const events::HistoryBounds bounds, parts_.history.Bounds(Bound()));
    return Expired(call.principal.tenant, bounds.earliest);
  }
  LOTURA_RETURN_IF_ERROR(page.status());
  if (!SendRecords(subscriber, declaration, *page, point)) return absl::OkStatus();
  if (page->next_page_token.empty()) {
    point.snapshot = NextType(subscriber.selection(), point.snapshot->resource_type);
  } else {
    point.snapshot->page_token = page->next_page_token;
  }
  subscriber.MoveTo(point);
  return absl::OkStatus();
}

bool PastReader::SendRecords(Subscriber& subscriber, const resource::Declaration& declaration,
                             const resource::ListPage& page, const ResumePoint& point) const {
  const std::string token = parts_.tokens.Make(subscriber.call().principal.tenant, point);
  for (const resource::Record& record : page.records) {
    if (record.deleted || !subscriber.selection().WantsRecord(declaration, *record.message))
      continue;
    const auto response = ResponseOf(declaration, record);
    response->set_resume_token(token);
    if (!subscriber.DeliverRecord(response)) return false;
  }
  return true;
}

absl::Status PastReader::Expired(const TenantId& tenant, const events::Cursor& earliest) const {
  return Error(absl::StatusCode::kOutOfRange, "EVENTS_EXPIRED",
               "events behind the token are not kept any more; begin anew with a snapshot, or go "
               "on with what is kept",
               {{"earliest_token", parts_.tokens.Make(tenant, {.cursor = earliest})}});
}

}  // namespace lotura::feed
