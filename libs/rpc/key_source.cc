#include "libs/rpc/key_source.h"

#include "libs/base/errors.h"

namespace lotura::rpc {
namespace {

// Calls that wait for a fetch at the same time.
constexpr std::size_t kWaitingMax = 1024;

observe::CounterFamily Fetches(const observe::Metrics& metrics) {
  return metrics.AddCounters({.name = "lotura_token_key_fetches_total",
                              .help = "Attempts to fetch the keys of tokens.",
                              .labels = {"issuer", "result"}});
}

}  // namespace

KeySource::KeySource(const KeySourceOptions& options, FetchKeys fetch,
                     std::function<void()> on_change, const observe::Log& log,
                     const observe::Metrics& metrics)
    : options_(options),
      fetch_(std::move(fetch)),
      on_change_(std::move(on_change)),
      log_(log),
      count_(metrics
                 .AddGauges({.name = "lotura_token_keys",
                             .help = "Keys that tokens may be signed with.",
                             .labels = {"issuer"}})
                 .With({options.id})),
      fetched_(Fetches(metrics).With({options.id, "ok"})),
      not_fetched_(Fetches(metrics).With({options.id, "failed"})) {}

KeySource::~KeySource() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
}

void KeySource::Start() {
  thread_ = std::jthread([this] { Run(); });
}

absl::Status KeySource::FetchNow() {
  const absl::Status status = Fetch();
  (status.ok() ? fetched_ : not_fetched_).Add();
  // A cause that lasts is told once.
  const bool is_new = std::exchange(told_, status) != status;
  if (!status.ok() && is_new) {
    log_.Warning("the keys of tokens could not be fetched",
                 {observe::Fields::kTarget(options_.id), observe::Fields::kReason(ReasonOf(status)),
                  observe::Fields::kError(observe::Redacted(Message(status)))});
  }
  const std::lock_guard lock(mutex_);
  fetched_at_ = std::chrono::steady_clock::now();
  failed_ = !status.ok();
  return status;
}

absl::Status KeySource::Fetch() {
  LOTURA_ASSIGN_OR_RETURN(const std::optional<std::string> text, fetch_());
  // What was wrong with the text is still wrong with it.
  if (!text.has_value()) return parsed_;
  auto keys = KeySet::Parse(*text);
  parsed_ = keys.status();
  LOTURA_RETURN_IF_ERROR(parsed_);
  count_.Set(static_cast<double>(keys->size()));
  keys_.Set(std::make_shared<const KeySet>(*std::move(keys)));
  on_change_();
  return absl::OkStatus();
}

Deadline::Point KeySource::Allowed() const {
  return fetched_at_ == Deadline::Point::min() ? fetched_at_ : fetched_at_ + options_.refetch_min;
}

Deadline::Point KeySource::Next() const {
  return fetched_at_ + (failed_ ? options_.refetch_min : options_.refresh);
}

bool KeySource::MayFetch() const {
  const std::lock_guard lock(mutex_);
  return std::chrono::steady_clock::now() >= Allowed() || !waiting_.empty();
}

bool KeySource::AfterFetch(std::function<void()> then) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_ || waiting_.size() >= kWaitingMax) return false;
    waiting_.push_back(std::move(then));
  }
  wake_.notify_one();
  return true;
}

void KeySource::Run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    wake_.wait_until(lock, Next(), [this] { return stopping_ || !waiting_.empty(); });
    const auto now = std::chrono::steady_clock::now();
    const bool due = now >= Next() || (!waiting_.empty() && now >= Allowed());
    const bool fetching = due && !stopping_;
    lock.unlock();
    if (fetching) (void)FetchNow();
    lock.lock();
    // Those who came while the keys were fetched need not wait for another fetch.
    const auto waiting = std::exchange(waiting_, {});
    lock.unlock();
    for (const auto& then : waiting) then();
    lock.lock();
  }
  const auto waiting = std::exchange(waiting_, {});
  lock.unlock();
  for (const auto& then : waiting) then();
}

}  // namespace lotura::rpc
