// A unary call of gRPC's callback API.
#pragma once

#include <grpcpp/generic/async_generic_service.h>

#include <atomic>
#include <memory>
#include <mutex>

#include "libs/rpc/exchange.h"

namespace lotura::rpc {

// Reads the request of a call that is admitted, and the end of the client's side, so that a second
// request is noticed, and then lets the pipeline go on. Nothing is read for whoever is not known
// yet: a request may be large. gRPC may use the reactor until OnDone; it keeps itself alive until
// then, and whoever still holds the exchange keeps it alive longer.
class UnaryReactor final : public grpc::ServerGenericBidiReactor, public UnaryExchange {
 public:
  static UnaryReactor* Open(Pipeline& pipeline, const Method& method, const Arrival& arrival);
  using UnaryExchange::UnaryExchange;

  void OnReadDone(bool ok) override;
  void OnCancel() override { Cancel(); }
  void OnDone() override;

 protected:
  void Admitted() override;
  void Keep(std::shared_ptr<const pbuf::Message> message) override;
  void Send(const absl::Status& status, std::shared_ptr<const pbuf::Message> message) override;

 private:
  enum Begun : unsigned { kOpened = 1, kAdmitted = 2 };

  // From another thread than the one that opens the call.
  void ReadLater();

  std::shared_ptr<UnaryReactor> self_;  // until gRPC is done with it
  // What has happened of both; whatever comes second begins to read.
  std::atomic<unsigned> begun_ = 0;
  std::mutex mutex_;  // guards finished_, so that nothing is begun behind the end
  bool finished_ = false;
  bool request_read_ = false;
  grpc::ByteBuffer request_bytes_;
  grpc::ByteBuffer surplus_bytes_;
  grpc::ByteBuffer response_bytes_;
};

}  // namespace lotura::rpc
