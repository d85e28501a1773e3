#include "libs/feed/feed.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "libs/base/errors.h"

namespace lotura::feed {
namespace {

using events::v1::Heartbeat;
using events::v1::Subscription;

// Many commits within it are one look.
constexpr std::chrono::milliseconds kSpacing{2};
// Without subscribers only a wake-up matters.
constexpr std::chrono::hours kNobody{1};
constexpr std::int64_t kRetryAfterMs = 5'000;

absl::Status CheckStart(const Subscription& subscription) {
  const bool wants_token = subscription.start() == Subscription::START_TOKEN;
  if (!Subscription::Start_IsValid(subscription.start()))
    return InvalidArgument("subscription.start", "START_INVALID", "is no way to start");
  if (wants_token && subscription.resume_token().empty())
    return InvalidArgument("subscription.resume_token", "RESUME_TOKEN_MISSING",
                           "is needed to start at a token");
  if (!wants_token && !subscription.resume_token().empty())
    return InvalidArgument("subscription.resume_token", "RESUME_TOKEN_UNWANTED",
                           "is of no use unless start is START_TOKEN");
  return absl::OkStatus();
}

// A store that does not answer is no fault of the client: he subscribes again.
absl::Status ForSubscriber(const absl::Status& read) {
  if (!MayPass(read) || absl::IsUnavailable(read)) return read;
  return Unavailable("JOURNAL_UNAVAILABLE", "the past cannot be read now; subscribe again");
}

double Seconds(std::chrono::microseconds span) {
  return std::max(0.0, std::chrono::duration<double>(span).count());
}

}  // namespace

Feed::Feed(const FeedOptions& options, const FeedParts& parts, const observe::Metrics& metrics,
           const observe::Log& log)
    : options_(options),
      parts_(parts),
      log_(log),
      metrics_(metrics),
      tokens_(parts.catalog.service(), parts.tokens),
      past_({parts.catalog, parts.history, parts.lister, tokens_, parts.clock}, metrics_,
            options.past),
      ring_(options.ring),
      places_(options.subscribers_max),
      readers_(log, metrics_.waiting,
               [this](const SubscriberPtr& subscriber) { ReadPast(subscriber); }),
      tail_({.name = "feed", .spacing = kSpacing}, metrics, log, [this] { return RunTail(); }) {}

void Feed::Start() {
  readers_.Start(options_.readers);
  tail_.Start();
}

void Feed::Stop() {
  tail_.Stop();
  readers_.Stop();
}

void Feed::Wake() {
  if (count_ > 0) tail_.Wake();
}

absl::StatusOr<SubscriberPtr> Feed::Subscribe(std::shared_ptr<const Call> call,
                                              std::shared_ptr<rpc::Stream> stream,
                                              const events::v1::SubscribeRequest& request) {
  const Subscription& subscription = request.subscription();
  LOTURA_RETURN_IF_ERROR(CheckStart(subscription));
  LOTURA_ASSIGN_OR_RETURN(Selection selection,
                          Selection::Make(*call, subscription, parts_.catalog));
  ResumePoint resume;
  if (subscription.start() == Subscription::START_TOKEN) {
    LOTURA_ASSIGN_OR_RETURN(resume,
                            tokens_.Open(call->principal.tenant, subscription.resume_token()));
  }
  const auto subscriber = std::make_shared<Subscriber>(Opening{.call = std::move(call),
                                                               .stream = std::move(stream),
                                                               .selection = std::move(selection),
                                                               .start = subscription.start(),
                                                               .resume = std::move(resume)},
                                                       tokens_, parts_.clock, metrics_);
  LOTURA_RETURN_IF_ERROR(subscriber->Grant(request.credit()));
  bool is_first = false;
  {
    const std::lock_guard lock(mutex_);
    if (!places_.Take(subscriber->call().principal.tenant))
      return ResourceExhausted("TOO_MANY_SUBSCRIBERS", "too many subscribers follow the service",
                               kRetryAfterMs);
    subscribers_.insert(subscriber);
    count_ = subscribers_.size();
    is_first = count_ == 1;
  }
  // The first one alone, however many came at once: without it the tail sleeps.
  if (is_first) tail_.Wake();
  return subscriber;
}

void Feed::Serve(const SubscriberPtr& subscriber) {
  if (subscriber->Pump(ring_) == Subscriber::Need::kReader) readers_.Submit(subscriber);
}

void Feed::Forget(const SubscriberPtr& subscriber) {
  subscriber->End();
  readers_.Forget(subscriber);
  const std::lock_guard lock(mutex_);
  if (subscribers_.erase(subscriber) > 0) places_.Give(subscriber->call().principal.tenant);
  count_ = subscribers_.size();
}

void Feed::ReadPast(const SubscriberPtr& subscriber) {
  if (subscriber->ended()) return;
  const absl::Status read = past_.Serve(*subscriber);
  subscriber->Done();
  if (read.ok()) return Serve(subscriber);
  metrics_.ended.With({ReasonOf(read)}).Add();
  subscriber->Finish(ForSubscriber(read));
}

std::vector<SubscriberPtr> Feed::Subscribers() const {
  const std::lock_guard lock(mutex_);
  return {subscribers_.begin(), subscribers_.end()};
}

std::chrono::microseconds Feed::RunTail() {
  const std::vector<SubscriberPtr> subscribers = Subscribers();
  if (subscribers.empty()) {
    EndTail();
    CountPhases(subscribers);
    return kNobody;
  }
  const absl::Status read = ReadTail();
  for (const SubscriberPtr& subscriber : subscribers) Serve(subscriber);
  Tend(subscribers);
  if (!read.ok()) return AfterFailure(read);
  last_failure_.clear();
  return full_batch_ ? std::chrono::microseconds(0) : options_.poll;
}

absl::Status Feed::ReadTail() {
  metrics_.reads.With({"tail"}).Add();
  full_batch_ = false;
  if (reader_ == nullptr) LOTURA_RETURN_IF_ERROR(BeginTail());
  const Instant asked_at = parts_.clock.Now();
  LOTURA_ASSIGN_OR_RETURN(const std::vector<events::JournalEntry> entries,
                          reader_->Read(ring_.end().position, options_.batch, Bound()));
  std::vector<FeedEventPtr> events;
  events.reserve(entries.size());
  std::size_t bytes = 0;
  for (const events::JournalEntry& entry : entries) {
    LOTURA_ASSIGN_OR_RETURN(FeedEventPtr event, FeedEvent::Make(entry, parts_.catalog.service(),
                                                                tokens_, entry.create_time));
    bytes += event->bytes();
    events.push_back(std::move(event));
  }
  ring_.Add(events);
  read_at_ = parts_.clock.Now();
  full_batch_ = events.size() >= options_.batch.entries || bytes >= options_.batch.bytes;
  if (!full_batch_) ring_.NoteNothingBeyond(asked_at);
  metrics_.ring_events.Set(static_cast<double>(ring_.size()));
  metrics_.ring_bytes.Set(static_cast<double>(ring_.bytes()));
  metrics_.lag_seconds.Set(entries.empty() ? 0 : Seconds(read_at_ - entries.front().create_time));
  return absl::OkStatus();
}

absl::Status Feed::BeginTail() {
  LOTURA_ASSIGN_OR_RETURN(const events::HistoryBounds bounds, parts_.history.Bounds(Bound()));
  reader_ = parts_.journal.NewReader();
  ring_.Begin(bounds.latest);
  read_at_ = parts_.clock.Now();
  return absl::OkStatus();
}

void Feed::EndTail() {
  reader_.reset();
  ring_.End();
  metrics_.ring_events.Set(0);
  metrics_.ring_bytes.Set(0);
  metrics_.lag_seconds.Set(0);
}

void Feed::Tend(const std::vector<SubscriberPtr>& subscribers) {
  for (const SubscriberPtr& subscriber : subscribers) subscriber->Beat(options_.heartbeat);
  CountPhases(subscribers);
}

void Feed::CountPhases(const std::vector<SubscriberPtr>& subscribers) {
  std::array<double, Heartbeat::Phase_ARRAYSIZE> counts{};
  for (const SubscriberPtr& subscriber : subscribers)
    ++counts.at(static_cast<std::size_t>(subscriber->phase()));
  metrics_.subscribers.With({"live"}).Set(counts[Heartbeat::PHASE_LIVE]);
  metrics_.subscribers.With({"catching_up"}).Set(counts[Heartbeat::PHASE_CATCHING_UP]);
  metrics_.subscribers.With({"snapshot"}).Set(counts[Heartbeat::PHASE_SNAPSHOT]);
  metrics_.subscribers.With({"held"}).Set(counts[Heartbeat::PHASE_HELD]);
}

std::chrono::microseconds Feed::AfterFailure(const absl::Status& status) {
  const std::string reason = ReasonOf(status);
  metrics_.failures.With({reason}).Add();
  if (reader_ != nullptr) metrics_.lag_seconds.Set(Seconds(parts_.clock.Now() - read_at_));
  // A cause that lasts is told once.
  if (std::exchange(last_failure_, reason) != reason)
    log_.Warning("subscribers wait for the journal", {observe::Fields::kReason(reason)});
  return options_.retry;
}

}  // namespace lotura::feed
