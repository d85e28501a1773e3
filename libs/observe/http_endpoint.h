// The one HTTP port of a process: /metrics for Prometheus, /livez and /readyz for the kubelet.
#pragma once

#include <absl/status/statusor.h>

#include <memory>
#include <string>

#include "libs/observe/metrics.h"
#include "libs/observe/readiness.h"

struct mg_context;

namespace lotura::observe {

struct HttpEndpointOptions {
  // "address:port"; port 0 takes a free one. It speaks no TLS and asks for no token: keep it inside
  // the cluster.
  std::string address = "127.0.0.1:0";
};

// Serves from two threads of its own. /livez answers 200 as long as the process serves at all,
// /readyz 200 or 503 with what is not ready as JSON.
class HttpEndpoint {
 public:
  // UNAVAILABLE (HTTP_PORT) if the address cannot be taken. `readiness` must outlive the endpoint.
  static absl::StatusOr<std::unique_ptr<HttpEndpoint>> Start(const HttpEndpointOptions& options,
                                                             const Metrics& metrics,
                                                             const Readiness& readiness);
  ~HttpEndpoint();
  HttpEndpoint(const HttpEndpoint&) = delete;
  HttpEndpoint& operator=(const HttpEndpoint&) = delete;

  [[nodiscard]] int port() const;
  [[nodiscard]] const Metrics& metrics() const { return metrics_; }
  [[nodiscard]] const Readiness& readiness() const { return readiness_; }

 private:
  HttpEndpoint(Metrics metrics, const Readiness& readiness)
      : metrics_(std::move(metrics)), readiness_(readiness) {}

  const Metrics metrics_;
  const Readiness& readiness_;
  mg_context* context_ = nullptr;
};

}  // namespace lotura::observe
