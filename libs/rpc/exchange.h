// One call on its way through the pipeline, whatever transport it came by.
#pragma once

#include <absl/status/statusor.h>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "libs/rpc/executor.h"
#include "libs/rpc/method.h"
#include "libs/rpc/peer.h"
#include "libs/rpc/priority.h"

namespace lotura::rpc {

class Pipeline;

// What the transport knows of a call when it arrives. Points into memory of the transport.
struct Arrival {
  // The header's value, empty if there is none.
  std::string_view authorization;
  std::string_view traceparent;
  std::string_view tracestate;
  std::string_view priority;
  // The client's, if he set one.
  std::optional<Deadline> deadline;
  // Whom the connection's certificate names; looked up for calls without authorization alone.
  Peer peer = {};
  // The tenant that the call names, which counts only beside a peer.
  std::string_view tenant = {};
};

// The state of one call. Owned by the transport until the call is over, and shared by whoever may
// still answer it: an answer to a call that has one already does nothing, even when the server is
// gone.
class Exchange : public std::enable_shared_from_this<Exchange> {
 public:
  // Both must outlive the call's answer, which the pipeline's end brings at the latest.
  Exchange(Pipeline& pipeline, const Method& method);
  // Whoever owns the call answers it first.
  virtual ~Exchange();
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  // Authenticates, authorizes, bounds and admits the call, or answers it.
  void Begin(const Arrival& arrival);
  // Ends the call, at once or when the witness lets the answer leave. The first answer counts, from
  // whichever thread it comes; one that does not leave in time is none.
  void Answer(Answered answer);
  // The client has gone, or its deadline passed.
  void Cancel();

  [[nodiscard]] bool answered() const { return answered_.load(std::memory_order_acquire); }
  // An answer has been given that the witness still holds.
  [[nodiscard]] bool leaving() const { return leaving_.load(std::memory_order_acquire); }
  [[nodiscard]] const Method& method() const { return method_; }
  // Complete once the call is admitted.
  [[nodiscard]] std::shared_ptr<const Call> call() { return {shared_from_this(), &call_}; }
  [[nodiscard]] Deadline due() const { return call_.deadline; }
  [[nodiscard]] Priority priority() const { return priority_; }

 protected:
  // The call may go on.
  virtual void Admitted() = 0;
  // Keeps what the answer says until it may leave: a Send without a message means that. Whoever
  // makes bytes of it here need not hold the message, and gives it up where it was made.
  virtual void Keep(std::shared_ptr<const pbuf::Message> message) = 0;
  // Takes the answer to the client. Called once.
  virtual void Send(const absl::Status& status, std::shared_ptr<const pbuf::Message> message) = 0;

  [[nodiscard]] Pipeline& pipeline() const { return pipeline_; }

 private:
  friend class Pipeline;
  friend class InFlight;

  // The answer, or what is wrong with it.
  [[nodiscard]] Answered Checked(Answered answer) const;
  [[nodiscard]] bool IsWitnessed() const;
  // Without a message: what was kept.
  void Conclude(Answered answer);

  Pipeline& pipeline_;
  const Method& method_;
  Call call_;
  Deadline::Point started_;
  std::atomic<bool> answered_ = false;
  std::atomic<bool> leaving_ = false;
  Priority priority_ = Priority::kInteractive;
  bool admissible_ = false;
  // Of the call in its admission. It may be over while another thread still admits it.
  enum class Place { kNone, kTaken, kRefused, kOver };
  std::atomic<Place> place_ = Place::kNone;
  // It came while the server stops, and waits to be refused.
  std::atomic<bool> held_ = false;
  // The principal is complete: it may be learned while another thread already answers the call.
  std::atomic<bool> identified_ = false;

  // Neighbors in the list of calls in flight, guarded by the list.
  Exchange* previous_ = nullptr;
  Exchange* next_ = nullptr;
};

// A call with one request and one response.
class UnaryExchange : public Exchange, public Work {
 public:
  using Exchange::Exchange;

  // The one request, or what is wrong with what came in its place.
  void Received(absl::StatusOr<std::unique_ptr<pbuf::Message>> request);

  // As Done::Continue.
  void Continue(std::function<void()> step);

  void Run() noexcept override;
  void Drop(const absl::Status& why) noexcept override { Answer(why); }
  [[nodiscard]] Deadline deadline() const override { return due(); }
  [[nodiscard]] Priority priority() const override { return Exchange::priority(); }

 protected:
  void Admitted() override { Proceed(); }

 private:
  // The handler is called when both the caller and the request are known, in whichever order that
  // happens.
  void Proceed();
  // Calls a handler that answers through Done.
  void Start(const AsyncHandler& handler);
  std::shared_ptr<UnaryExchange> Self();

  class Step;

  std::atomic<int> awaited_ = 2;
  std::unique_ptr<pbuf::Message> request_;
};

// The way back from an asynchronous handler. Copies are the same way; if the last one goes without
// an answer, the call is answered with INTERNAL.
class Done {
 public:
  explicit Done(std::shared_ptr<UnaryExchange> exchange);
  void operator()(Answered answer) const;
  // Runs `step` on the executor, before calls that have not begun, behind the handler's fence. The
  // way to go on when what the handler waited for has come.
  void Continue(std::function<void()> step) const;

 private:
  struct Promise;
  std::shared_ptr<Promise> promise_;  // shared by the copies
};

}  // namespace lotura::rpc
