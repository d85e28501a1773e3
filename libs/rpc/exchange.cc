#include "libs/rpc/exchange.h"

#include "libs/base/check.h"
#include "libs/base/errors.h"
#include "libs/base/limits.h"
#include "libs/rpc/fence.h"
#include "libs/rpc/pipeline.h"
#include "libs/rpc/refusals.h"

namespace lotura::rpc {
Exchange::Exchange(Pipeline& pipeline, const Method& method)
    : pipeline_(pipeline),
      method_(method),
      call_{.principal = {},
            .method = method.name,
            .deadline = Deadline(Deadline::Point::max()),
            .trace = {},
            .now = {},
            .cause = {}} {}

Exchange::~Exchange() { LOTURA_CHECK(answered()); }

void Exchange::Begin(const Arrival& arrival) { pipeline_.Begin(*this, arrival); }

void Exchange::Answer(Answered answer) {
  if (answered()) return;
  answer = Checked(std::move(answer));
  if (!answer.ok() || *answer == nullptr || !IsWitnessed()) return Conclude(std::move(answer));
  // What comes second is none.
  if (leaving_.exchange(true, std::memory_order_acq_rel)) return;
  Keep(*answer);
  const bool may_leave = pipeline_.witness()->MayLeave(
      method_, call_, **answer, [self = shared_from_this()](const absl::Status& may) {
        self->Conclude(may.ok() ? Answered(nullptr) : Answered(may));
      });
  if (may_leave) Conclude(nullptr);
}

Answered Exchange::Checked(Answered answer) const {
  if (answer.ok() && method_.descriptor != nullptr && *answer != nullptr &&
      (*answer)->GetDescriptor() != method_.descriptor->output_type()) {
    answer = Internal("the handler answered with another type than the method declares");
  }
  if (answer.ok() && *answer == nullptr && !IsStream(method_)) {
    answer = Internal("the handler answered with nothing");
  }
  if (answer.ok() && *answer != nullptr &&
      (*answer)->ByteSizeLong() > pipeline_.message_bytes_max()) {
    answer = ResponseTooLarge(pipeline_.message_bytes_max());
  }
  return answer;
}

// Of a stream what it says is witnessed, and not how it ends; of what needs no caller there is none
// to note.
bool Exchange::IsWitnessed() const {
  return pipeline_.witness() != nullptr && !IsStream(method_) &&
         method_.policy.access != Access::kOpen;
}

void Exchange::Conclude(Answered answer) {
  if (answered_.exchange(true, std::memory_order_acq_rel)) return;
  const absl::Status status = answer.ok() ? absl::OkStatus() : answer.status();
  pipeline_.Account(*this, status);
  Send(status, answer.ok() ? *std::move(answer) : nullptr);
}

void Exchange::Cancel() {
  if (call_.deadline.Passed()) {
    Answer(DeadlineExceeded("the deadline passed"));
  } else {
    Answer(Error(absl::StatusCode::kCancelled, "CANCELLED", "the client canceled the call"));
  }
}

void UnaryExchange::Received(absl::StatusOr<std::unique_ptr<pbuf::Message>> request) {
  if (!request.ok()) {
    Answer(request.status());
    return;
  }
  method().metrics.received.Add();
  request_ = *std::move(request);
  Proceed();
}

void UnaryExchange::Proceed() {
  if (awaited_.fetch_sub(1, std::memory_order_acq_rel) != 1 || answered()) return;
  const Method::Handler& handler = method().handler;
  if (const auto* async = std::get_if<AsyncHandler>(&handler)) {
    Start(*async);
  } else if (std::holds_alternative<BlockingHandler>(handler) ||
             std::holds_alternative<DeferredHandler>(handler)) {
    const absl::Status taken = pipeline().executor().Submit(Self());
    if (!taken.ok()) Answer(taken);
  } else {
    Answer(UnknownMethod());
  }
}

std::shared_ptr<UnaryExchange> UnaryExchange::Self() {
  return std::static_pointer_cast<UnaryExchange>(shared_from_this());
}

void UnaryExchange::Start(const AsyncHandler& handler) {
  const auto self = Self();
  const absl::Status fence = Fenced(pipeline().log(), *call(), [&] {
    handler(call(), {self, request_.get()}, Done(self));
    return absl::OkStatus();
  });
  if (!fence.ok()) Answer(fence);
}

void UnaryExchange::Run() noexcept {
  if (answered()) return;
  if (const auto* deferred = std::get_if<DeferredHandler>(&method().handler)) {
    Start(deferred->start);
    return;
  }
  const auto& handler = std::get<BlockingHandler>(method().handler);
  const auto call = this->call();
  Answer(Fenced(pipeline().log(), *call, [&]() -> Answered { return handler(*call, *request_); }));
}

// A step of a handler that has begun.
class UnaryExchange::Step final : public Work {
 public:
  Step(std::shared_ptr<UnaryExchange> exchange, std::function<void()> body)
      : exchange_(std::move(exchange)), body_(std::move(body)) {}

  void Run() noexcept override {
    // Nobody waits for it any more.
    if (exchange_->answered()) return;
    const absl::Status fence = Fenced(exchange_->pipeline().log(), *exchange_->call(), [&] {
      body_();
      return absl::OkStatus();
    });
    if (!fence.ok()) exchange_->Answer(fence);
  }
  void Drop(const absl::Status& why) noexcept override { exchange_->Answer(why); }
  [[nodiscard]] Deadline deadline() const override { return exchange_->due(); }
  [[nodiscard]] Priority priority() const override { return exchange_->priority(); }

 private:
  const std::shared_ptr<UnaryExchange> exchange_;
  const std::function<void()> body_;
};

void UnaryExchange::Continue(std::function<void()> step) {
  pipeline().executor().Resume(std::make_shared<Step>(Self(), std::move(step)));
}

struct Done::Promise {
  explicit Promise(std::shared_ptr<UnaryExchange> call) : exchange(std::move(call)) {}
  ~Promise() {
    if (!exchange->answered() && !exchange->leaving())
      exchange->Answer(Internal("the handler gave no answer"));
  }
  Promise(const Promise&) = delete;
  Promise& operator=(const Promise&) = delete;

  // Shared with the transport, which may end the call first.
  const std::shared_ptr<UnaryExchange> exchange;
};

Done::Done(std::shared_ptr<UnaryExchange> exchange)
    : promise_(std::make_shared<Promise>(std::move(exchange))) {}

void Done::operator()(Answered answer) const { promise_->exchange->Answer(std::move(answer)); }

void Done::Continue(std::function<void()> step) const {
  promise_->exchange->Continue(std::move(step));
}

}  // namespace lotura::rpc
