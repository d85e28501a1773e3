#include "libs/feed/subscriber.h"

#include <fmt/format.h>
#include <google/protobuf/util/time_util.h>

#include "libs/base/errors.h"

namespace lotura::feed {
namespace {

using events::v1::Heartbeat;
using events::v1::SubscribeResponse;

// Events of the ring that are looked at under its lock at once.
constexpr std::size_t kSliceMax = 64;
constexpr std::chrono::milliseconds kLookPeriod{250};

}  // namespace

Subscriber::Subscriber(Opening opening, const ResumeTokens& tokens, const Clock& clock,
                       const FeedMetrics& metrics)
    : tokens_(tokens),
      clock_(clock),
      metrics_(metrics),
      opening_(std::move(opening)),
      credit_(opening_.credit) {}

absl::Status Subscriber::Grant(std::int64_t credit) {
  const std::lock_guard lock(mutex_);
  if (credit < 0 || credit > kCreditMax || credit_ + credit > kCreditMax) {
    return InvalidArgument("credit", "CREDIT_OUT_OF_RANGE",
                           fmt::format("is negative, or more than {} would be open", kCreditMax));
  }
  credit_ += credit;
  return absl::OkStatus();
}

void Subscriber::NoteRoom() {
  const std::lock_guard lock(mutex_);
  full_ = false;
}

void Subscriber::End() {
  // Let go without the lock: it may be the last to know the stream.
  std::shared_ptr<rpc::Stream> stream;
  const std::lock_guard lock(mutex_);
  ended_ = true;
  stream.swap(opening_.stream);
}

void Subscriber::Finish(const absl::Status& status) {
  std::shared_ptr<rpc::Stream> stream;
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    stream = opening_.stream;
  }
  if (stream != nullptr) stream->Finish(status);
}

Subscriber::Need Subscriber::Pump(const Ring& ring) {
  const std::lock_guard lock(mutex_);
  const auto ask = [&] {
    held_ = credit_ == 0 && stage_ != Stage::kOpening;
    if (held_) return Need::kNothing;
    busy_ = true;
    return Need::kReader;
  };
  for (;;) {
    if (ended_ || busy_ || full_) return Need::kNothing;
    if (stage_ != Stage::kTail) return ask();
    const Ring::Slice slice = ring.After(point_.cursor, call().principal.tenant, kSliceMax);
    behind_ = slice.state != Ring::State::kReached;
    if (slice.state == Ring::State::kIdle) return Need::kNothing;
    if (behind_) return ask();
    for (const FeedEventPtr& event : slice.events) {
      if (!SendWanted(event)) return Need::kNothing;
    }
    point_.cursor = slice.reached;
    held_ = false;
    if (!slice.more) return Need::kNothing;
  }
}

bool Subscriber::SendWanted(const FeedEventPtr& event) {
  if (const auto response = opening_.selection.Find(*event); response != nullptr) {
    held_ = credit_ == 0;
    if (held_ || !Send(response)) return false;
    --credit_;
    metrics_.sent.Add();
  }
  point_.cursor = event->cursor();
  return true;
}

bool Subscriber::Send(const std::shared_ptr<const SubscribeResponse>& response) {
  if (ended_ || full_ || opening_.stream == nullptr) return false;
  switch (opening_.stream->Write(response)) {
    case rpc::Stream::Wrote::kQueued:
      last_sent_ = clock_.Now();
      return true;
    case rpc::Stream::Wrote::kFull:
      full_ = true;
      return false;
    case rpc::Stream::Wrote::kEnded:
      ended_ = true;
      return false;
  }
  return false;
}

void Subscriber::Beat(std::chrono::milliseconds interval) {
  const std::lock_guard lock(mutex_);
  if (ended_ || full_ || stage_ == Stage::kOpening) return;
  const Instant now = clock_.Now();
  if (now - looked_ >= kLookPeriod) LookOut();
  if (untold_ || now - last_sent_ >= interval) SendHeartbeat();
}

void Subscriber::LookOut() {
  looked_ = clock_.Now();
  if (outlook_.Look(call().principal.tenant, selection(), tokens_)) untold_ = true;
}

void Subscriber::SendHeartbeat() {
  const auto response = std::make_shared<SubscribeResponse>();
  *response->mutable_heartbeat()->mutable_time() =
      google::protobuf::util::TimeUtil::MicrosecondsToTimestamp(
          clock_.Now().time_since_epoch().count());
  response->mutable_heartbeat()->set_phase(PhaseLocked());
  response->mutable_heartbeat()->set_view(outlook_.mark());
  response->set_resume_token(tokens_.Make(call().principal.tenant, point_));
  if (!Send(response)) return;
  untold_ = false;
  metrics_.heartbeats.Add();
}

Heartbeat::Phase Subscriber::PhaseLocked() const {
  if (held_) return Heartbeat::PHASE_HELD;
  if (stage_ == Stage::kSnapshot) return Heartbeat::PHASE_SNAPSHOT;
  return behind_ ? Heartbeat::PHASE_CATCHING_UP : Heartbeat::PHASE_LIVE;
}

Heartbeat::Phase Subscriber::phase() const {
  const std::lock_guard lock(mutex_);
  return PhaseLocked();
}

Subscriber::Work Subscriber::work() const {
  const std::lock_guard lock(mutex_);
  return {.stage = stage_, .point = point_, .credit = credit_};
}

void Subscriber::Opened(const ResumePoint& point) {
  const std::lock_guard lock(mutex_);
  point_ = point;
  stage_ = point.snapshot.has_value() ? Stage::kSnapshot : Stage::kTail;
  LookOut();
  SendHeartbeat();
}

bool Subscriber::Deliver(const FeedEventPtr& event) {
  const std::lock_guard lock(mutex_);
  return SendWanted(event);
}

bool Subscriber::DeliverRecord(const std::shared_ptr<const SubscribeResponse>& response) {
  const std::lock_guard lock(mutex_);
  if (response->record().name() <= sent_name_) return true;
  held_ = credit_ == 0;
  if (held_ || !Send(response)) return false;
  --credit_;
  sent_name_ = response->record().name();
  metrics_.snapshot_records.Add();
  return true;
}

void Subscriber::MoveTo(const ResumePoint& point) {
  const std::lock_guard lock(mutex_);
  point_ = point;
  sent_name_.clear();
  if (stage_ == Stage::kSnapshot && !point.snapshot.has_value()) stage_ = Stage::kTail;
}

bool Subscriber::ended() const {
  const std::lock_guard lock(mutex_);
  return ended_;
}

void Subscriber::Done() {
  const std::lock_guard lock(mutex_);
  busy_ = false;
}

}  // namespace lotura::feed
