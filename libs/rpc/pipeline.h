// What happens to every call, in this order: authenticate, authorize, bound the deadline, count it
// against quotas, admit, handle, map the status, log one line, count.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "libs/base/clock.h"
#include "libs/base/fair_places.h"
#include "libs/base/limits.h"
#include "libs/observe/log.h"
#include "libs/observe/metrics.h"
#include "libs/rpc/admission.h"
#include "libs/rpc/authenticator.h"
#include "libs/rpc/exchange.h"
#include "libs/rpc/executor.h"
#include "libs/rpc/in_flight.h"
#include "libs/rpc/quotas.h"
#include "libs/rpc/service_principals.h"
#include "libs/rpc/witness.h"

namespace lotura::rpc {

struct PipelineOptions {
  // Unary calls that are not answered yet; beyond it RESOURCE_EXHAUSTED (TOO_MANY_CALLS).
  std::size_t calls_max = 4096;
  // Open streams, of all tenants together; beyond it RESOURCE_EXHAUSTED (TOO_MANY_STREAMS).
  std::size_t streams_max = 4096;
  // Calls and streams of methods that need no token, so that nobody without one can take the places
  // of others.
  std::size_t open_max = 512;
  // A request or a response; beyond it RESOURCE_EXHAUSTED (REQUEST_TOO_LARGE, RESPONSE_TOO_LARGE).
  std::size_t message_bytes_max = kMessageBytesMax;
  // Every how many successful calls one is logged; 0: none. Failed calls are always logged, but for
  // refusals under overload (OVERLOADED), over a quota, and beyond a tenant's share of streams: of
  // those one in a hundred is.
  unsigned log_ok_every = 1;
};

// What the pipeline works with; all of it must outlive the pipeline.
struct PipelineParts {
  Authenticator& authenticator;
  Executor& executor;
  const Clock& clock;
  observe::Log log;
  observe::Metrics metrics;
  // Null: all tenants are served, none is the operator's, and callers whose tokens do not say what
  // they may do may do nothing.
  const Authority* authority = nullptr;
  // Null: nobody is known by his certificate.
  const ServicePrincipals* services = nullptr;
  // Null: nobody is told of answers.
  Witness* witness = nullptr;
  // Null: callers may make as many calls as they like.
  Quotas* quotas = nullptr;
};

// Thread-safe. Knows nothing of gRPC.
class Pipeline {
 public:
  Pipeline(const PipelineOptions& options, const PipelineParts& parts);
  // Answers whatever has no answer yet. No call may begin any more, and no handler may run.
  ~Pipeline();
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;

  // Answers the calls whose deadline has passed while nobody answered them. Driven by a thread of
  // the server.
  void Sweep(Deadline::Point now);
  // Answers all open streams with `why`; further ones are refused with it.
  void EndStreams(const absl::Status& why);
  // Unary calls that arrive from now on wait, so that clients that wait for their answers fall
  // silent ...
  void Hold();
  // ... and are answered with `why`, like all that come later.
  void Refuse(const absl::Status& why);
  // Answers everything that has no answer yet with `why`.
  void EndCalls(const absl::Status& why);
  // Whether all unary calls were answered before the deadline.
  bool AwaitCalls(Deadline deadline) { return calls_.AwaitNone(deadline); }
  [[nodiscard]] std::size_t calls() const { return calls_.size(); }
  [[nodiscard]] std::size_t streams() const { return streams_.size(); }
  [[nodiscard]] std::size_t open() const { return open_.size(); }

  [[nodiscard]] std::size_t message_bytes_max() const { return options_.message_bytes_max; }
  [[nodiscard]] Executor& executor() const { return parts_.executor; }
  [[nodiscard]] const observe::Log& log() const { return parts_.log; }
  [[nodiscard]] const observe::Metrics& metrics() const { return parts_.metrics; }
  [[nodiscard]] const Clock& clock() const { return parts_.clock; }
  [[nodiscard]] Witness* witness() const { return parts_.witness; }

 private:
  friend class Exchange;

  void Begin(Exchange& exchange, const Arrival& arrival);
  // Nothing if the authenticator must find it out.
  std::optional<absl::StatusOr<PrincipalPtr>> WhoCalls(const Arrival& arrival);
  void AskWhoCalls(Exchange& exchange, std::string_view authorization);
  absl::Status Authorize(const Method& method, Principal& caller) const;
  // That the caller may call the method, as far as its policy goes.
  absl::Status CheckPolicy(const Method& method, const Principal& caller) const;
  // That a caller who was let in may go on.
  absl::Status CheckStill(const Method& method, const Principal& caller) const;
  // Ends the streams whose callers may not.
  void EndStreamsNotAllowed(Deadline::Point now);
  void Identify(Exchange& exchange, absl::StatusOr<PrincipalPtr> principal);
  // Counts the call of a known caller.
  void Meter(Exchange& exchange);
  void Metered(Exchange& exchange, const absl::Status& within);
  void Admit(Exchange& exchange);
  // Around what another thread finds out about a call: the pipeline's end waits for it.
  void BeginAsking();
  void EndAsking();
  // Whether the call may go on as far as places are concerned; answers it if not.
  bool TakePlace(Exchange& exchange);
  bool NeedsPlace(const Exchange& exchange);
  absl::Status EnterPlace(const Exchange& exchange, Deadline::Point now);
  void QuitPlace(const Exchange& exchange, Admission::Ended how, Deadline::Point now);
  // What becomes of its place when the call ends with `status`; whether it was refused one, or was
  // over a quota.
  bool LeavePlace(Exchange& exchange, const absl::Status& status);
  // Takes the call out of the list, counts and logs it.
  void Account(Exchange& exchange, const absl::Status& status);
  void LogCall(const Exchange& exchange, const absl::Status& status, double seconds);
  // Null if such calls are not admitted by load: streams, and calls without a token.
  Admission* AdmissionOf(const Exchange& exchange);
  InFlight& ListOf(const Exchange& exchange);
  [[nodiscard]] std::size_t LimitOf(const Exchange& exchange) const;

  const PipelineOptions options_;
  const PipelineParts parts_;
  InFlight calls_;
  InFlight streams_;
  InFlight open_;
  // Calls wait in other queues according to who handles them.
  Admission blocking_;
  Admission deferred_;
  Admission async_;
  std::atomic<unsigned> ok_calls_ = 0;
  std::atomic<unsigned> refused_calls_ = 0;
  std::atomic<bool> streams_ended_ = false;
  // Of the sweep alone: when the streams' callers are looked at next.
  Deadline::Point callers_due_;
  enum class Intake { kOpen, kHolding, kRefusing };
  std::atomic<Intake> intake_ = Intake::kOpen;

  std::mutex places_mutex_;  // guards stream_places_
  FairPlaces stream_places_;

  std::mutex mutex_;  // guards asking_
  std::condition_variable none_asking_;
  // Calls whose caller or whose quota somebody is finding out.
  std::size_t asking_ = 0;
};

}  // namespace lotura::rpc
