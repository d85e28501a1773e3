#include "libs/rpc/health_service.h"

#include <grpc/health/v1/health.pb.h>

#include "libs/base/errors.h"
#include "libs/rpc/exchange.h"
#include "libs/rpc/stream.h"

namespace lotura::rpc {
namespace {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

std::shared_ptr<const HealthCheckResponse> ResponseFor(std::optional<Serving> serving) {
  auto response = std::make_shared<HealthCheckResponse>();
  if (!serving.has_value()) {
    response->set_status(HealthCheckResponse::SERVICE_UNKNOWN);
  } else {
    response->set_status(*serving == Serving::kYes ? HealthCheckResponse::SERVING
                                                   : HealthCheckResponse::NOT_SERVING);
  }
  return response;
}

// One open Watch. It sends the state whenever that differs from what it sent last; what changes
// while the client reads slowly is left out, the newest state is not.
class WatchSession final : public StreamSession, public std::enable_shared_from_this<WatchSession> {
 public:
  WatchSession(Health& health, std::shared_ptr<Stream> stream)
      : health_(health), stream_(std::move(stream)) {}

  void OnMessage(std::unique_ptr<pbuf::Message> message) override {
    if (watch_ != 0) {
      stream_->Finish(InvalidArgument("service", "REQUEST_REPEATED", "a watch has one request"));
      return;
    }
    service_ = static_cast<const HealthCheckRequest&>(*message).service();
    watch_ = health_.Watch(service_, [weak = weak_from_this()](std::optional<Serving>) {
      if (const auto session = weak.lock()) session->SendNewest();
    });
    SendNewest();
  }
  void OnHalfClose() override {
    if (watch_ == 0) {
      stream_->Finish(InvalidArgument("service", "REQUEST_MISSING", "a watch needs a request"));
    }
  }
  void OnRoom() override { SendNewest(); }
  void OnEnd() override {
    if (watch_ != 0) health_.Forget(watch_);
  }

 private:
  void SendNewest() {
    const std::lock_guard lock(mutex_);
    const std::optional<Serving> now = health_.Find(service_);
    if (sent_ && now == last_) return;
    if (stream_->Write(ResponseFor(now)) != Stream::Wrote::kQueued) return;
    sent_ = true;
    last_ = now;
  }

  Health& health_;
  const std::shared_ptr<Stream> stream_;  // kept by the transport, too, until OnEnd
  std::string service_;
  std::uint64_t watch_ = 0;

  std::mutex mutex_;  // guards the members below, and the order of writes
  bool sent_ = false;
  std::optional<Serving> last_;
};

}  // namespace

AsyncHandler CheckHealth(Health& health) {
  return [&health](const auto&, std::shared_ptr<const pbuf::Message> message, const Done& done) {
    const auto& request = static_cast<const HealthCheckRequest&>(*message);
    const std::optional<Serving> serving = health.Find(request.service());
    if (serving.has_value()) {
      done(ResponseFor(serving));
    } else {
      done(NotFound("service", request.service()));
    }
  };
}

StreamHandler WatchHealth(Health& health) {
  return
      [&health](const auto&,
                std::shared_ptr<Stream> stream) -> absl::StatusOr<std::shared_ptr<StreamSession>> {
        return std::make_shared<WatchSession>(health, std::move(stream));
      };
}

}  // namespace lotura::rpc
