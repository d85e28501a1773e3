#include "libs/rpc/pipeline.h"

#include <algorithm>

#include "libs/base/errors.h"
#include "libs/rpc/refusals.h"

namespace lotura::rpc {
namespace {

constexpr std::int64_t kRetryAfterMs = 100;
// Lines for all of them would make a flood of calls one of lines.
constexpr unsigned kRefusedLoggedEvery = 100;

observe::Gauge InFlightGauge(const observe::Metrics& metrics, std::string_view kind) {
  return metrics
      .AddGauges({.name = "lotura_rpc_in_flight",
                  .help = "Calls and streams that are not answered yet.",
                  .labels = {"kind"}})
      .With({kind});
}

Deadline DeadlineOf(const Method& method, const Arrival& arrival) {
  const Deadline asked = arrival.deadline.value_or(Deadline(Deadline::Point::max()));
  return IsStream(method) ? asked : asked.AtMost(method.policy.deadline_max);
}

// Faults of ours are errors, overload and outages are warnings, faults of the client are worth a
// note.
observe::Level LevelOf(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kUnknown:
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kDataLoss:
      return observe::Level::kError;
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kUnavailable:
      return observe::Level::kWarning;
    default:
      return observe::Level::kInfo;
  }
}

// Of a kind. Fewer than calls may be in flight by default: what is missing first shall be a place,
// since overload is noticed by that.
constexpr std::size_t kPlacesMax = 2048;
// Of calls that hold no thread while they wait: those of one commit wait for it together, and with
// 256 in flight creates came 1.4 times as fast as with 64.
constexpr std::size_t kDeferredPlacesMin = 256;

// How soon a stream notices that its caller may not have it any more.
constexpr std::chrono::milliseconds kCallersPeriod{250};

}  // namespace

Pipeline::Pipeline(const PipelineOptions& options, const PipelineParts& parts)
    : options_(options),
      parts_(parts),
      calls_(InFlightGauge(parts.metrics, "call")),
      streams_(InFlightGauge(parts.metrics, "stream")),
      open_(InFlightGauge(parts.metrics, "open")),
      // A thread works on one call at a time; the other half of them waits for the next.
      blocking_({.kind = "blocking",
                 .places_min = 2 * parts.executor.threads(),
                 .places_max = std::min(kPlacesMax, options.calls_max)},
                parts.metrics, std::chrono::steady_clock::now()),
      deferred_({.kind = "deferred",
                 .places_min = kDeferredPlacesMin,
                 .places_max = std::min(kPlacesMax, options.calls_max)},
                parts.metrics, std::chrono::steady_clock::now()),
      async_({.kind = "async", .places_max = std::min(kPlacesMax, options.calls_max)},
             parts.metrics, std::chrono::steady_clock::now()),
      stream_places_(options.streams_max) {}

Pipeline::~Pipeline() {
  EndStreams(Stopping());
  EndCalls(Stopping());
  std::unique_lock lock(mutex_);
  none_asking_.wait(lock, [this] { return asking_ == 0; });
}

InFlight& Pipeline::ListOf(const Exchange& exchange) {
  if (exchange.method().policy.access == Access::kOpen) return open_;
  return IsStream(exchange.method()) ? streams_ : calls_;
}

std::size_t Pipeline::LimitOf(const Exchange& exchange) const {
  if (exchange.method().policy.access == Access::kOpen) return options_.open_max;
  return IsStream(exchange.method()) ? options_.streams_max : options_.calls_max;
}

void Pipeline::Begin(Exchange& exchange, const Arrival& arrival) {
  const Method& method = exchange.method();
  exchange.started_ = std::chrono::steady_clock::now();
  exchange.call_.trace =
      TraceContext::ParseOrEmpty(arrival.traceparent, arrival.tracestate).NextSpan();
  exchange.call_.now = parts_.clock.Now();
  exchange.call_.deadline = DeadlineOf(method, arrival);
  exchange.priority_ = ParsePriority(arrival.priority);
  method.metrics.started.Add();
  exchange.admissible_ = ListOf(exchange).Add(exchange) <= LimitOf(exchange);
  if (method.descriptor == nullptr) {
    exchange.Answer(UnknownMethod());
  } else if (method.policy.access == Access::kOpen) {
    Admit(exchange);
  } else if (auto known = WhoCalls(arrival)) {
    Identify(exchange, *std::move(known));
  } else {
    AskWhoCalls(exchange, arrival.authorization);
  }
}

std::optional<absl::StatusOr<PrincipalPtr>> Pipeline::WhoCalls(const Arrival& arrival) {
  // A token counts before a certificate: who has both speaks for the user of the token.
  const bool by_certificate =
      parts_.services != nullptr && arrival.authorization.empty() && !arrival.peer.empty();
  if (by_certificate) return parts_.services->Find(arrival.peer, arrival.tenant);
  return parts_.authenticator.Try(arrival.authorization);
}

void Pipeline::BeginAsking() {
  const std::lock_guard lock(mutex_);
  ++asking_;
}

void Pipeline::EndAsking() {
  const std::lock_guard lock(mutex_);
  if (--asking_ == 0) none_asking_.notify_all();
}

void Pipeline::AskWhoCalls(Exchange& exchange, std::string_view authorization) {
  BeginAsking();
  parts_.authenticator.Ask(std::string(authorization),
                           [this, held = exchange.shared_from_this()](auto principal) {
                             Identify(*held, std::move(principal));
                             EndAsking();
                           });
}

absl::Status Pipeline::Authorize(const Method& method, Principal& caller) const {
  if (parts_.authority != nullptr)
    LOTURA_RETURN_IF_ERROR(parts_.authority->CheckTenant(method.domain, caller.tenant));
  if (caller.grounds != Grounds::kDirectory) return absl::OkStatus();
  if (parts_.authority == nullptr)
    return Unavailable("POLICY_UNAVAILABLE", "what callers may do is not known here");
  return parts_.authority->Authorize(method.domain, caller);
}

absl::Status Pipeline::CheckPolicy(const Method& method, const Principal& caller) const {
  const Policy& policy = method.policy;
  if (policy.access == Access::kPermission && !caller.Permits(policy.permission))
    return PermissionDenied(policy.permission);
  if (!policy.operator_only) return absl::OkStatus();
  return parts_.authority == nullptr ? NoOperator()
                                     : parts_.authority->CheckOperator(caller.tenant);
}

void Pipeline::Identify(Exchange& exchange, absl::StatusOr<PrincipalPtr> principal) {
  if (exchange.answered()) return;
  if (!principal.ok()) {
    exchange.Answer(principal.status());
    return;
  }
  Principal& caller = exchange.call_.principal;
  caller = **principal;
  const absl::Status authorized = Authorize(exchange.method(), caller);
  exchange.identified_.store(true, std::memory_order_release);
  if (!authorized.ok()) {
    exchange.Answer(authorized);
    return;
  }
  if (const absl::Status allowed = CheckPolicy(exchange.method(), caller); !allowed.ok()) {
    exchange.Answer(allowed);
    return;
  }
  Meter(exchange);
}

void Pipeline::Meter(Exchange& exchange) {
  // What is refused anyway takes nothing from anybody, and does not wait.
  if (parts_.quotas == nullptr || !exchange.admissible_) {
    Admit(exchange);
    return;
  }
  const Principal& caller = exchange.call_.principal;
  if (const auto known = parts_.quotas->Try(caller)) {
    Metered(exchange, *known);
    return;
  }
  BeginAsking();
  parts_.quotas->Ask(caller, [this, held = exchange.shared_from_this()](const auto& within) {
    Metered(*held, within);
    EndAsking();
  });
}

void Pipeline::Metered(Exchange& exchange, const absl::Status& within) {
  if (exchange.answered()) return;
  if (within.ok()) {
    Admit(exchange);
    return;
  }
  exchange.place_.store(Exchange::Place::kRefused);
  exchange.Answer(within);
}

void Pipeline::Admit(Exchange& exchange) {
  if (!exchange.admissible_) {
    exchange.Answer(
        IsStream(exchange.method())
            ? ResourceExhausted("TOO_MANY_STREAMS", "too many streams are open", kRetryAfterMs)
            : ResourceExhausted("TOO_MANY_CALLS", "too many calls are in flight", kRetryAfterMs));
  } else if (exchange.call_.deadline.Passed()) {
    exchange.Answer(DeadlineExceeded("the deadline passed before the call was admitted"));
  } else if (IsStream(exchange.method()) && streams_ended_.load()) {
    exchange.Answer(Stopping());
  } else if (!IsStream(exchange.method()) && intake_.load() != Intake::kOpen) {
    // In this order, so that Refuse sees the call or the call sees that it is refused.
    exchange.held_.store(true);
    if (intake_.load() == Intake::kRefusing) exchange.Answer(Stopping());
  } else if (TakePlace(exchange)) {
    exchange.Admitted();
  }
}

Admission* Pipeline::AdmissionOf(const Exchange& exchange) {
  const Method& method = exchange.method();
  if (method.policy.access == Access::kOpen) return nullptr;
  if (std::holds_alternative<BlockingHandler>(method.handler)) return &blocking_;
  if (std::holds_alternative<DeferredHandler>(method.handler)) return &deferred_;
  return std::holds_alternative<AsyncHandler>(method.handler) ? &async_ : nullptr;
}

bool Pipeline::NeedsPlace(const Exchange& exchange) {
  if (!IsStream(exchange.method())) return AdmissionOf(exchange) != nullptr;
  return exchange.method().policy.access != Access::kOpen;
}

absl::Status Pipeline::EnterPlace(const Exchange& exchange, Deadline::Point now) {
  if (!IsStream(exchange.method())) return AdmissionOf(exchange)->Enter(exchange.priority_, now);
  const std::lock_guard lock(places_mutex_);
  if (stream_places_.Take(exchange.call_.principal.tenant)) return absl::OkStatus();
  return ResourceExhausted("TOO_MANY_STREAMS", "too many streams are open", kRetryAfterMs);
}

void Pipeline::QuitPlace(const Exchange& exchange, Admission::Ended how, Deadline::Point now) {
  if (!IsStream(exchange.method())) {
    AdmissionOf(exchange)->Leave(how, exchange.started_, now);
    return;
  }
  const std::lock_guard lock(places_mutex_);
  stream_places_.Give(exchange.call_.principal.tenant);
}

bool Pipeline::TakePlace(Exchange& exchange) {
  using Place = Exchange::Place;
  if (!NeedsPlace(exchange)) return true;
  const auto now = std::chrono::steady_clock::now();
  const absl::Status entered = EnterPlace(exchange, now);
  const Place place = entered.ok() ? Place::kTaken : Place::kRefused;
  const bool is_over = exchange.place_.exchange(place) == Place::kOver;
  if (!entered.ok()) {
    exchange.Answer(entered);
    return false;
  }
  if (is_over) QuitPlace(exchange, Admission::Ended::kInVain, now);
  return !is_over;
}

bool Pipeline::LeavePlace(Exchange& exchange, const absl::Status& status) {
  using Place = Exchange::Place;
  const Place place = exchange.place_.exchange(Place::kOver);
  if (place == Place::kTaken) {
    const bool in_vain = absl::IsResourceExhausted(status) || absl::IsDeadlineExceeded(status) ||
                         absl::IsCancelled(status);
    QuitPlace(exchange, in_vain ? Admission::Ended::kInVain : Admission::Ended::kDone,
              std::chrono::steady_clock::now());
  }
  return place == Place::kRefused;
}

void Pipeline::Account(Exchange& exchange, const absl::Status& status) {
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - exchange.started_).count();
  const MethodMetrics& metrics = exchange.method().metrics;
  metrics.Handled(status.code(), seconds);
  if (status.ok() && !IsStream(exchange.method())) metrics.sent.Add();
  const bool was_refused = LeavePlace(exchange, status);
  if (!was_refused ||
      refused_calls_.fetch_add(1, std::memory_order_relaxed) % kRefusedLoggedEvery == 0)
    LogCall(exchange, status, seconds);
  ListOf(exchange).Remove(exchange);
}

void Pipeline::LogCall(const Exchange& exchange, const absl::Status& status, double seconds) {
  if (status.ok()) {
    if (options_.log_ok_every == 0) return;
    if (ok_calls_.fetch_add(1, std::memory_order_relaxed) % options_.log_ok_every != 0) return;
  }
  const observe::Level level = LevelOf(status.code());
  if (!parts_.log.Enabled(level)) return;
  const Call& call = exchange.call_;
  const bool known = exchange.identified_.load(std::memory_order_acquire);
  using observe::Fields;
  parts_.log.Write(
      level, "call",
      {Fields::kMethod(call.method), Fields::kCode(absl::StatusCodeToString(status.code())),
       Fields::kReason(status.ok() ? std::string() : ReasonOf(status)),
       Fields::kTenant(known ? call.principal.tenant.value.ToString() : std::string()),
       Fields::kUser(known ? call.principal.name : std::string()),
       Fields::kDurationMs(seconds * 1e3), Fields::kTraceId(call.trace.TraceIdHex())});
}

void Pipeline::Sweep(Deadline::Point now) {
  for (Admission* admission : {&blocking_, &deferred_, &async_}) admission->Look(now);
  for (const auto& exchange : calls_.Due(now)) {
    exchange->Answer(DeadlineExceeded("the deadline passed"));
  }
  for (const InFlight* list : {&streams_, &open_}) {
    for (const auto& exchange : list->Due(now))
      exchange->Answer(DeadlineExceeded("the deadline passed"));
  }
  EndStreamsNotAllowed(now);
}

absl::Status Pipeline::CheckStill(const Method& method, const Principal& caller) const {
  if (parts_.clock.Now() >= caller.until)
    return Unauthenticated("TOKEN_EXPIRED", "the token has expired");
  if (parts_.authority != nullptr)
    LOTURA_RETURN_IF_ERROR(parts_.authority->CheckTenant(method.domain, caller.tenant));
  return caller.rights == nullptr ? absl::OkStatus()
                                  : caller.rights->CheckPermission(method.policy.permission);
}

void Pipeline::EndStreamsNotAllowed(Deadline::Point now) {
  if (now < callers_due_) return;
  callers_due_ = now + kCallersPeriod;
  for (const auto& exchange : streams_.All()) {
    if (!exchange->identified_.load(std::memory_order_acquire)) continue;
    const absl::Status allowed = CheckStill(exchange->method(), exchange->call_.principal);
    if (!allowed.ok()) exchange->Answer(allowed);
  }
}

void Pipeline::EndStreams(const absl::Status& why) {
  streams_ended_.store(true);
  for (const InFlight* list : {&streams_, &open_}) {
    for (const auto& exchange : list->All()) {
      if (IsStream(exchange->method())) exchange->Answer(why);
    }
  }
}

void Pipeline::Hold() { intake_.store(Intake::kHolding); }

void Pipeline::Refuse(const absl::Status& why) {
  intake_.store(Intake::kRefusing);
  for (const InFlight* list : {&calls_, &open_}) {
    for (const auto& exchange : list->All()) {
      if (exchange->held_.load()) exchange->Answer(why);
    }
  }
}

void Pipeline::EndCalls(const absl::Status& why) {
  for (const InFlight* list : {&calls_, &open_}) {
    for (const auto& exchange : list->All()) exchange->Answer(why);
  }
}

}  // namespace lotura::rpc
