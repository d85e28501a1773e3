// A unary call of gRPC's callback API.
#pragma once

#include <grpcpp/generic/async_generic_service.h>

#include <memory>

#include "libs/rpc/exchange.h"

namespace lotura::rpc {

// Reads the request and the end of the client's side, so that a second request is noticed, and then
// lets the pipeline go on. gRPC may use the reactor until OnDone; it keeps itself alive until then,
// and whoever still holds the exchange keeps it alive longer.
class UnaryReactor final : public grpc::ServerGenericBidiReactor, public UnaryExchange {
 public:
  static UnaryReactor* Open(Pipeline& pipeline, const Method& method, const Arrival& arrival);
  using UnaryExchange::UnaryExchange;

  void OnReadDone(bool ok) override;
  void OnCancel() override { Cancel(); }
  void OnDone() override;

 protected:
  void Keep(std::shared_ptr<const pbuf::Message> message) override;
  void Send(const absl::Status& status, std::shared_ptr<const pbuf::Message> message) override;

 private:
  std::shared_ptr<UnaryReactor> self_;  // until gRPC is done with it
  bool request_read_ = false;
  grpc::ByteBuffer request_bytes_;
  grpc::ByteBuffer surplus_bytes_;
  grpc::ByteBuffer response_bytes_;
};

}  // namespace lotura::rpc
