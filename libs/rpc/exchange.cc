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
  if (answered_.exchange(true, std::memory_order_acq_rel)) return;
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
  const std::shared_ptr<UnaryExchange> self =
      std::static_pointer_cast<UnaryExchange>(shared_from_this());
  if (std::holds_alternative<BlockingHandler>(method().handler)) {
    const absl::Status taken = pipeline().executor().Submit(self);
    if (!taken.ok()) Answer(taken);
  } else if (const auto* handler = std::get_if<AsyncHandler>(&method().handler)) {
    const absl::Status fence = Fenced(pipeline().log(), *call(), [&] {
      (*handler)(call(), {self, request_.get()}, Done(self));
      return absl::OkStatus();
    });
    if (!fence.ok()) Answer(fence);
  } else {
    Answer(UnknownMethod());
  }
}

void UnaryExchange::Run() noexcept {
  if (answered()) return;
  const auto& handler = std::get<BlockingHandler>(method().handler);
  const auto call = this->call();
  Answer(Fenced(pipeline().log(), *call, [&]() -> Answered { return handler(*call, *request_); }));
}

struct Done::Promise {
  explicit Promise(std::shared_ptr<UnaryExchange> call) : exchange(std::move(call)) {}
  ~Promise() {
    if (!exchange->answered()) exchange->Answer(Internal("the handler gave no answer"));
  }
  Promise(const Promise&) = delete;
  Promise& operator=(const Promise&) = delete;

  // Shared with the transport, which may end the call first.
  const std::shared_ptr<UnaryExchange> exchange;
};

Done::Done(std::shared_ptr<UnaryExchange> exchange)
    : promise_(std::make_shared<Promise>(std::move(exchange))) {}

void Done::operator()(Exchange::Answered answer) const {
  promise_->exchange->Answer(std::move(answer));
}

bool Done::Pointless() const { return promise_->exchange->answered(); }

}  // namespace lotura::rpc
