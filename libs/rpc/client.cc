#include "libs/rpc/client.h"

#include <fmt/format.h>
#include <grpcpp/alarm.h>
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/impl/codegen/proto_utils.h>

#include <condition_variable>
#include <map>
#include <mutex>
#include <random>
#include <set>
#include <utility>

#include "libs/base/errors.h"
#include "libs/rpc/channel.h"
#include "libs/rpc/method_metrics.h"
#include "libs/rpc/wire_status.h"

namespace lotura::rpc {
namespace {

using Stub = grpc::TemplatedGenericStub<pbuf::Message, pbuf::Message>;

constexpr std::chrono::milliseconds kPauseFirst{50};
constexpr std::int64_t kRetryAfterMs = 100;
constexpr std::chrono::milliseconds kFairTime{1'000};
constexpr std::chrono::milliseconds kLongestCall = std::chrono::hours(24);

// Between half and the whole of the pause for this attempt, so that many clients do not come back
// at once.
std::chrono::milliseconds PauseBefore(int attempt) {
  thread_local std::minstd_rand random(std::random_device{}());
  const auto whole = kPauseFirst.count() << std::min(attempt - 1, 6);
  return std::chrono::milliseconds(
      std::uniform_int_distribution<std::int64_t>(whole / 2, whole)(random));
}

absl::Status FromGrpc(const grpc::Status& status) {
  return FromWire({.code = static_cast<int>(status.error_code()),
                   .message = status.error_message(),
                   .details = status.error_details()});
}

// gRPC 1.51 ends with CANCELLED, without details, what reaches a server after it began to stop and
// before the client knows of it. No handler has seen such a call.
bool WasLostAtStop(const grpc::Status& status) {
  return status.error_code() == grpc::StatusCode::CANCELLED && status.error_details().empty();
}

// What says that the neighbor itself is in trouble. A call that was given little time says nothing
// when that was over.
Breaker::Outcome OutcomeOf(const absl::Status& status, Deadline::Point::duration span) {
  if (status.code() == absl::StatusCode::kDeadlineExceeded)
    return span >= kFairTime ? Breaker::Outcome::kBad : Breaker::Outcome::kNone;
  return status.code() == absl::StatusCode::kUnavailable ? Breaker::Outcome::kBad
                                                         : Breaker::Outcome::kGood;
}

// gRPC counts in time points, of which there is no later one than the last.
std::chrono::system_clock::time_point ToSystem(Deadline deadline) {
  return std::chrono::system_clock::now() + std::min(deadline.Left(), kLongestCall);
}

// Of a client whose channel is made already.
ClientOptions WithoutCertificates(ClientOptions options) {
  options.certificates = nullptr;
  return options;
}

}  // namespace

// What the calls of a client share. Thread-safe.
struct Client::State {
  State(const ClientOptions& given, const observe::Metrics& given_metrics)
      : options(given),
        metrics(given_metrics),
        breaker(given.breaker),
        breaker_open(metrics
                         .AddGauges({.name = "lotura_client_breaker_open",
                                     .help = "1 while calls are kept away from a neighbor.",
                                     .labels = {"neighbor"}})
                         .With({given.neighbor})),
        retries(metrics
                    .AddCounters({.name = "lotura_client_retries_total",
                                  .help = "Calls made again after UNAVAILABLE.",
                                  .labels = {"neighbor"}})
                    .With({given.neighbor})) {}

  const MethodMetrics& MetricsOf(const std::string& method);
  // Connects anew if there are other certificates.
  std::shared_ptr<Stub> StubNow();
  // CLIENT_CLOSED or TOO_MANY_CALLS, or the attempt counts as under way until Leave.
  absl::Status Enter(Attempt* attempt);
  void Leave(Attempt* attempt);
  void CloseAndWait();

  const ClientOptions options;
  const observe::Metrics metrics;
  Breaker breaker;
  RetryBudget budget;
  const observe::Gauge breaker_open;
  const observe::Counter retries;

  std::mutex mutex;  // guards the members below
  std::condition_variable none_left;
  std::map<std::string, std::unique_ptr<MethodMetrics>> methods;
  std::set<Attempt*> under_way;
  bool closed = false;
  // What the stub connects with; null if that never changes.
  std::shared_ptr<const TlsMaterial> material;
  std::shared_ptr<Stub> stub;  // shared with the calls that begin
  // The one before, kept until the next change: see Attempt::LetGo.
  std::shared_ptr<Stub> previous;
};

// One call with its repetitions. Owns itself from Begin to the end of `done`.
class Client::Attempt {
 public:
  Attempt(State& state, const std::string& method, const CallOptions& options)
      : state_(state),
        metrics_(state.MetricsOf(method)),
        method_("/" + method),
        options_(options) {}

  std::shared_ptr<const pbuf::Message> request;  // shared with the caller
  std::unique_ptr<pbuf::Message> response;
  Completed done;

  void Begin();
  // Lets it not be made again; what it returns, if it is on its way, is to be canceled without any
  // lock.
  std::shared_ptr<grpc::ClientContext> Cancel();

 private:
  void Try();
  absl::Status Understand(const grpc::Status& status);
  void OnStatus(const absl::Status& status);
  bool MayRepeat(const absl::Status& status);
  void Finish(const absl::Status& status);
  // Of the channel, which ends with the client and never on a thread of gRPC: 1.51 waits for its
  // own threads when the last one goes.
  void LetGo();

  State& state_;
  const MethodMetrics& metrics_;
  const std::string method_;
  const CallOptions options_;
  const Deadline::Point started_ = std::chrono::steady_clock::now();
  int number_ = 0;
  Deadline::Point tried_;
  std::optional<Breaker::Pass> pass_;
  grpc::Alarm pause_;
  std::shared_ptr<Stub> stub_;  // shared with the state

  std::mutex mutex_;                              // guards context_ and canceled_
  std::shared_ptr<grpc::ClientContext> context_;  // shared with whoever cancels it
  bool canceled_ = false;
};

const MethodMetrics& Client::State::MetricsOf(const std::string& method) {
  const std::lock_guard lock(mutex);
  auto& known = methods[method];
  if (known == nullptr) {
    const std::size_t slash = std::min(method.find('/'), method.size());
    const std::string name = slash < method.size() ? method.substr(slash + 1) : std::string();
    known = std::make_unique<MethodMetrics>(
        Side::kClient, MethodId{"unary", method.substr(0, slash), name}, metrics);
  }
  return *known;
}

std::shared_ptr<Stub> Client::State::StubNow() {
  if (!options.certificates) return stub;
  const std::shared_ptr<const TlsMaterial> now = MaterialOf(options);
  std::shared_ptr<Stub> gone;  // given up without the lock
  const std::lock_guard lock(mutex);
  if (now != material) {
    material = now;
    gone = std::exchange(
        previous,
        std::exchange(stub, std::make_shared<Stub>(ConnectWith(options, material.get()))));
  }
  return stub;
}

absl::Status Client::State::Enter(Attempt* attempt) {
  const std::lock_guard lock(mutex);
  if (closed) return Unavailable("CLIENT_CLOSED", "the client is closed");
  if (under_way.size() >= options.calls_max) {
    return ResourceExhausted("TOO_MANY_CALLS", "too many calls to a neighbor are under way",
                             kRetryAfterMs);
  }
  under_way.insert(attempt);
  return absl::OkStatus();
}

void Client::State::Leave(Attempt* attempt) {
  const std::lock_guard lock(mutex);
  under_way.erase(attempt);
  if (under_way.empty()) none_left.notify_all();
}

void Client::State::CloseAndWait() {
  std::unique_lock lock(mutex);
  closed = true;
  std::vector<std::shared_ptr<grpc::ClientContext>> contexts;
  for (Attempt* attempt : under_way) {
    if (auto context = attempt->Cancel()) contexts.push_back(std::move(context));
  }
  // gRPC may end a call within TryCancel, on this thread, which takes both locks.
  lock.unlock();
  for (const auto& context : contexts) context->TryCancel();
  lock.lock();
  none_left.wait(lock, [this] { return under_way.empty(); });
}

void Client::Attempt::Begin() {
  metrics_.started.Add();
  const absl::Status entered = state_.Enter(this);
  if (entered.ok()) {
    Try();
    return;
  }
  const std::unique_ptr<Attempt> own(this);
  metrics_.Handled(entered.code(), 0);
  done(entered);
}

std::shared_ptr<grpc::ClientContext> Client::Attempt::Cancel() {
  const std::lock_guard lock(mutex_);
  canceled_ = true;
  pause_.Cancel();
  return context_;
}

void Client::Attempt::Try() {
  ++number_;
  if (options_.deadline.Passed()) {
    Finish(DeadlineExceeded("the deadline passed before the call was made"));
    return;
  }
  tried_ = std::chrono::steady_clock::now();
  pass_ = state_.breaker.Allow(tried_);
  {
    const std::lock_guard lock(mutex_);
    if (!canceled_ && pass_.has_value()) {
      context_ = std::make_shared<grpc::ClientContext>();
      context_->set_deadline(ToSystem(options_.deadline));
      if (!options_.bearer.empty())
        context_->AddMetadata("authorization", "Bearer " + options_.bearer);
      if (!options_.trace.empty())
        context_->AddMetadata("traceparent", options_.trace.ToTraceparent());
      if (!options_.trace.state.empty()) context_->AddMetadata("tracestate", options_.trace.state);
      if (options_.priority == Priority::kBulk) context_->AddMetadata("priority", kBulkHeader);
      if (!options_.tenant.empty()) context_->AddMetadata("tenant", options_.tenant);
    }
  }
  if (!pass_.has_value()) {
    Finish(Unavailable("BREAKER_OPEN", fmt::format("calls to {} are held back because it failed",
                                                   state_.options.neighbor)));
    return;
  }
  if (context_ == nullptr) {
    state_.breaker.Report(*pass_, Breaker::Outcome::kNone, tried_);
    Finish(Unavailable("CLIENT_CLOSED", "the client is closed"));
    return;
  }
  metrics_.sent.Add();
  stub_ = state_.StubNow();
  stub_->UnaryCall(context_.get(), method_, {}, request.get(), response.get(),
                   [this](const grpc::Status& status) { OnStatus(Understand(status)); });
}

absl::Status Client::Attempt::Understand(const grpc::Status& status) {
  {
    const std::lock_guard lock(mutex_);
    if (canceled_ || !WasLostAtStop(status)) return FromGrpc(status);
  }
  return Unavailable("CALL_LOST",
                     fmt::format("{} stopped before it took the call", state_.options.neighbor));
}

void Client::Attempt::OnStatus(const absl::Status& status) {
  const auto now = std::chrono::steady_clock::now();
  state_.breaker.Report(*pass_, OutcomeOf(status, now - tried_), now);
  state_.breaker_open.Set(state_.breaker.state() == Breaker::State::kClosed ? 0 : 1);
  if (status.ok()) {
    metrics_.received.Add();
    if (number_ == 1) state_.budget.Earn();
  }
  if (!MayRepeat(status)) {
    Finish(status);
    return;
  }
  state_.retries.Add();
  const auto pause = PauseBefore(number_);
  response->Clear();
  const std::lock_guard lock(mutex_);
  context_.reset();
  pause_.Set(std::chrono::system_clock::now() + pause, [this](bool) { Try(); });
  if (canceled_) pause_.Cancel();
}

bool Client::Attempt::MayRepeat(const absl::Status& status) {
  if (status.code() != absl::StatusCode::kUnavailable || options_.repeat != Repeat::kSafe)
    return false;
  if (number_ >= state_.options.attempts_max) return false;
  {
    const std::lock_guard lock(mutex_);
    if (canceled_) return false;
  }
  return options_.deadline.Left() > PauseBefore(number_) && state_.budget.Take();
}

void Client::Attempt::Finish(const absl::Status& status) {
  const std::chrono::duration<double> span = std::chrono::steady_clock::now() - started_;
  metrics_.Handled(status.code(), span.count());
  if (status.ok()) {
    done(std::move(response));
  } else {
    done(status);
  }
  // Last, since the client may end as soon as nothing is under way.
  const std::unique_ptr<Attempt> own(this);
  done = nullptr;
  LetGo();
  state_.Leave(this);
}

void Client::Attempt::LetGo() {
  stub_.reset();
  std::shared_ptr<grpc::ClientContext> context;  // goes without the lock
  const std::lock_guard lock(mutex_);
  context.swap(context_);
}

Client::Client(const ClientOptions& options, const observe::Metrics& metrics)
    : state_(std::make_unique<State>(options, metrics)) {
  state_->material = MaterialOf(options);
  state_->stub = std::make_shared<Stub>(ConnectWith(options, state_->material.get()));
}

Client::Client(const ClientOptions& options, const std::shared_ptr<grpc::Channel>& channel,
               const observe::Metrics& metrics)
    : state_(std::make_unique<State>(WithoutCertificates(options), metrics)) {
  state_->stub = std::make_shared<Stub>(channel);
}

Client::~Client() { state_->CloseAndWait(); }

void Client::Start(const std::string& method, std::shared_ptr<const pbuf::Message> request,
                   std::unique_ptr<pbuf::Message> response, const CallOptions& options,
                   Completed done) {
  auto* attempt = new Attempt(*state_, method, options);
  attempt->request = std::move(request);
  attempt->response = std::move(response);
  attempt->done = std::move(done);
  attempt->Begin();
}

}  // namespace lotura::rpc
