// The cheapest server that gRPC's callback API allows: what every RPC costs at least.
#pragma once

#include <grpcpp/server.h>

#include <memory>
#include <string>

namespace lotura::bench {

// Answers every method with this many bytes, whatever it was asked. Null if the address
// ("host:port") cannot be taken.
class BareEcho {
 public:
  static std::unique_ptr<BareEcho> Start(const std::string& address, std::size_t answer_bytes);
  ~BareEcho();
  BareEcho(const BareEcho&) = delete;
  BareEcho& operator=(const BareEcho&) = delete;

 private:
  class Service;

  explicit BareEcho(std::size_t answer_bytes);

  const std::unique_ptr<Service> service_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace lotura::bench
