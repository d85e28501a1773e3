#include "tools/bench/server/bare_echo.h"

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/server_builder.h>

namespace lotura::bench {

class BareEcho::Service final : public grpc::CallbackGenericService {
 public:
  explicit Service(std::size_t answer_bytes) {
    const grpc::Slice slice(std::string(answer_bytes, 'x'));
    answer_ = grpc::ByteBuffer(&slice, 1);
  }

  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext* /*context*/) override {
    return new Reactor(answer_);
  }

 private:
  // Owns itself, as reactors do.
  class Reactor final : public grpc::ServerGenericBidiReactor {
   public:
    explicit Reactor(const grpc::ByteBuffer& answer) : answer_(answer) { StartRead(&request_); }
    void OnReadDone(bool ok) override {
      if (!ok) {
        Finish(grpc::Status::CANCELLED);
        return;
      }
      StartWriteAndFinish(&answer_, grpc::WriteOptions(), grpc::Status::OK);
    }
    void OnDone() override { delete this; }

   private:
    grpc::ByteBuffer request_;
    grpc::ByteBuffer answer_;
  };

  grpc::ByteBuffer answer_;
};

BareEcho::BareEcho(std::size_t answer_bytes) : service_(std::make_unique<Service>(answer_bytes)) {}

BareEcho::~BareEcho() {
  if (server_ != nullptr) server_->Shutdown(std::chrono::system_clock::now());
}

std::unique_ptr<BareEcho> BareEcho::Start(const std::string& address, std::size_t answer_bytes) {
  std::unique_ptr<BareEcho> echo(new BareEcho(answer_bytes));
  grpc::ServerBuilder builder;
  builder.AddListeningPort(address, grpc::InsecureServerCredentials());
  builder.RegisterCallbackGenericService(echo->service_.get());
  echo->server_ = builder.BuildAndStart();
  return echo->server_ == nullptr ? nullptr : std::move(echo);
}

}  // namespace lotura::bench
