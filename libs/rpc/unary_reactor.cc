#include "libs/rpc/unary_reactor.h"

#include "libs/base/errors.h"
#include "libs/rpc/arrival.h"
#include "libs/rpc/message_bytes.h"
#include "libs/rpc/pipeline.h"

namespace lotura::rpc {

UnaryReactor* UnaryReactor::Open(Pipeline& pipeline, const Method& method, const Arrival& arrival) {
  const auto reactor = std::make_shared<UnaryReactor>(pipeline, method);
  reactor->self_ = reactor;
  reactor->Begin(arrival);
  const bool admitted = (reactor->begun_.fetch_or(kOpened) & kAdmitted) != 0;
  if (admitted && !reactor->answered()) reactor->StartRead(&reactor->request_bytes_);
  return reactor.get();
}

void UnaryReactor::Admitted() {
  if ((begun_.fetch_or(kAdmitted) & kOpened) != 0) ReadLater();
  UnaryExchange::Admitted();
}

void UnaryReactor::ReadLater() {
  const std::lock_guard lock(mutex_);
  if (!finished_) StartRead(&request_bytes_);
}

void UnaryReactor::OnReadDone(bool ok) {
  if (answered()) return;
  if (!request_read_) {
    if (!ok) {
      Received(Error(absl::StatusCode::kInvalidArgument, "REQUEST_MISSING",
                     "the call came without a request"));
      return;
    }
    request_read_ = true;
    StartRead(&surplus_bytes_);
  } else if (ok) {
    Received(Error(absl::StatusCode::kInvalidArgument, "REQUEST_REPEATED",
                   "the call came with more than one request"));
  } else {
    Received(ParseRequest(*method().request_prototype, std::move(request_bytes_),
                          pipeline().message_bytes_max()));
  }
}

void UnaryReactor::OnDone() { self_.reset(); }

void UnaryReactor::Keep(std::shared_ptr<const pbuf::Message> message) {
  response_bytes_ = ToBytes(*message);
}

void UnaryReactor::Send(const absl::Status& status, std::shared_ptr<const pbuf::Message> message) {
  {
    const std::lock_guard lock(mutex_);
    finished_ = true;
  }
  if (!status.ok()) {
    Finish(ToGrpc(status, method().domain));
    return;
  }
  if (message != nullptr) response_bytes_ = ToBytes(*message);
  StartWriteAndFinish(&response_bytes_, grpc::WriteOptions(), grpc::Status::OK);
}

}  // namespace lotura::rpc
