#include "libs/quota/quotas.h"

#include "libs/base/errors.h"
#include "libs/quota/round.h"
#include "libs/rpc/refusals.h"

namespace lotura::quota {
namespace {

// How soon an outage shows, and its end, when nobody calls.
constexpr std::chrono::milliseconds kLookAround{500};
constexpr std::int64_t kRetryMs = 100;

observe::Counter RefusedOf(const observe::Metrics& metrics, Subject subject) {
  return metrics
      .AddCounters({.name = "lotura_quota_refused_total",
                    .help = "Calls over a quota, by whose quota it was.",
                    .labels = {"subject"}})
      .With({NameOf(subject)});
}

absl::Status TooManyWait() {
  return ResourceExhausted("QUEUE_FULL", "too many calls wait for their quota", kRetryMs);
}

}  // namespace

Quotas::SourceCounters Quotas::CountersOf(const observe::Metrics& metrics, Source source) {
  const auto checks =
      metrics.AddCounters({.name = "lotura_quota_checks_total",
                           .help = "Calls that were counted against quotas, by what came of it "
                                   "and by whether the buckets that all share gave the answer.",
                           .labels = {"result", "source"}});
  const char* name = source == Source::kShared ? "redis" : "local";
  return {checks.With({"admitted", name}), checks.With({"refused", name})};
}

Quotas::Quotas(QuotasOptions options, Limits limits, SharedBuckets& shared,
               const observe::Metrics& metrics)
    : options_(std::move(options)),
      shared_(shared),
      meters_(options_.meters, std::move(limits), metrics),
      checks_{CountersOf(metrics, Source::kShared), CountersOf(metrics, Source::kLocal)},
      refused_{RefusedOf(metrics, Subject::kTenant), RefusedOf(metrics, Subject::kCaller)},
      waits_(metrics.AddCounter({.name = "lotura_quota_waits_total",
                                 .help = "Calls that waited until their quota was known."})),
      local_(metrics.AddGauge({.name = "lotura_quota_local",
                               .help = "1 while Redis is not reached and each process counts for "
                                       "itself."})) {}

Quotas::~Quotas() {
  thread_ = {};
  for (auto left = TakeWaiting(); !left.empty(); left = TakeWaiting()) {
    for (const Item& item : left) {
      if (item.done) item.done(rpc::Stopping());
    }
  }
}

void Quotas::Admitted(Source source) const {
  checks_[static_cast<std::size_t>(source)].admitted.Add();
}

void Quotas::Refused(Source source, Subject subject) const {
  checks_[static_cast<std::size_t>(source)].refused.Add();
  refused_[static_cast<std::size_t>(subject)].Add();
}

std::optional<absl::Status> Quotas::Try(const Principal& caller) {
  const Source source = shared_.Reached() ? Source::kShared : Source::kLocal;
  const CallerKey key(caller.name);
  const Meters::Outcome outcome = meters_.Take(caller.tenant, key.text(), source, options_.now());
  switch (outcome.verdict) {
    case Meters::Verdict::kUnknown:
      return std::nullopt;
    case Meters::Verdict::kRefused:
      Refused(source, outcome.subject);
      return outcome.limit->refusal;
    case Meters::Verdict::kAdmitted:
      break;
  }
  Admitted(source);
  if (outcome.refill_tenant) Refill({caller.tenant, {}});
  if (outcome.refill_caller) Refill({caller.tenant, std::string(key.text())});
  return absl::OkStatus();
}

void Quotas::Refill(const Account& account) {
  bool has_room = false;
  {
    const std::lock_guard lock(mutex_);
    has_room = waiting_.refills() < options_.refills_max;
    if (has_room) waiting_.Add({.account = account, .done = {}});
  }
  if (has_room) {
    wake_.notify_one();
  } else {
    meters_.GiveUpRefill(account);
  }
}

void Quotas::Ask(const Principal& caller, Done done) {
  waits_.Add();
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.calls() < options_.waiting_max) {
      waiting_.Add({{caller.tenant, std::string(CallerKey(caller.name).text())}, std::move(done)});
      done = nullptr;
    }
  }
  if (done) {
    done(TooManyWait());
  } else {
    wake_.notify_one();
  }
}

std::vector<Item> Quotas::TakeWaiting() {
  const std::lock_guard lock(mutex_);
  return waiting_.Take(options_.at_once);
}

void Quotas::Step() {
  Round round(meters_, options_.now());
  for (Item& item : TakeWaiting()) round.Add(std::move(item));
  auto grants = shared_.Take(round.Requests());
  for (const Answer& answer : round.Settle(std::move(grants), options_.now())) {
    if (answer.refused_by == nullptr) {
      Admitted(answer.source);
      answer.done(absl::OkStatus());
    } else {
      Refused(answer.source, answer.subject);
      answer.done(answer.refused_by->refusal);
    }
  }
}

void Quotas::Start() {
  thread_ = std::jthread([this](const std::stop_token& stop) { Run(stop); });
}

void Quotas::Run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    local_.Set(shared_.Reached() ? 0 : 1);
    {
      std::unique_lock lock(mutex_);
      wake_.wait_for(lock, stop, kLookAround, [this] { return waiting_.size() > 0; });
    }
    Step();
  }
}

}  // namespace lotura::quota
