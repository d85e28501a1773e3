#include "libs/observe/http_endpoint.h"

#include <arpa/inet.h>
#include <civetweb.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "libs/base/errors.h"

namespace lotura::observe {
namespace {

constexpr char kText[] = "text/plain; charset=utf-8";
constexpr char kExposition[] = "text/plain; version=0.0.4; charset=utf-8";
constexpr char kJson[] = "application/json";

int Reply(mg_connection* connection, int code, const char* type, const std::string& body) {
  const std::string head = fmt::format(
      "HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nCache-Control: no-store\r\n"
      "Connection: close\r\n\r\n",
      code, mg_get_response_code_text(connection, code), type, body.size());
  mg_write(connection, head.data(), head.size());
  const std::string_view method = mg_get_request_info(connection)->request_method;
  if (method != "HEAD") mg_write(connection, body.data(), body.size());
  return code;
}

const HttpEndpoint& EndpointOf(void* data) { return *static_cast<const HttpEndpoint*>(data); }

bool Reads(const mg_connection* connection) {
  const std::string_view method = mg_get_request_info(connection)->request_method;
  return method == "GET" || method == "HEAD";
}

int RefuseMethod(mg_connection* connection) {
  return Reply(connection, 405, kText, "only GET and HEAD\n");
}

int OnMetrics(mg_connection* connection, void* data) {
  if (!Reads(connection)) return RefuseMethod(connection);
  return Reply(connection, 200, kExposition, EndpointOf(data).metrics().Exposition());
}

int OnLive(mg_connection* connection, void*) {
  if (!Reads(connection)) return RefuseMethod(connection);
  return Reply(connection, 200, kText, "ok\n");
}

int OnReady(mg_connection* connection, void* data) {
  if (!Reads(connection)) return RefuseMethod(connection);
  const Readiness::Answer answer = EndpointOf(data).readiness().Ask();
  return Reply(connection, answer.ready ? 200 : 503, kJson, answer.json);
}

int OnOther(mg_connection* connection, void*) {
  return Reply(connection, 404, kText, "see /metrics, /livez, /readyz\n");
}

void Knock(int port) {
  const int peer = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (peer < 0) return;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  (void)connect(peer, reinterpret_cast<sockaddr*>(&address), sizeof address);
  close(peer);
}

}  // namespace

absl::StatusOr<std::unique_ptr<HttpEndpoint>> HttpEndpoint::Start(
    const HttpEndpointOptions& options, const Metrics& metrics, const Readiness& readiness) {
  std::unique_ptr<HttpEndpoint> endpoint(new HttpEndpoint(metrics, readiness));
  std::array<const char*, 13> settings = {"listening_ports",
                                          options.address.c_str(),
                                          "num_threads",
                                          "2",
                                          "request_timeout_ms",
                                          "5000",
                                          "max_request_size",
                                          "16384",
                                          "enable_keep_alive",
                                          "no",
                                          "enable_directory_listing",
                                          "no",
                                          nullptr};
  const mg_callbacks callbacks{};
  std::array<char, 256> text{};
  unsigned code = 0;
  mg_init_data init{&callbacks, endpoint.get(), settings.data()};
  mg_error_data error{&code, text.data(), text.size()};
  endpoint->context_ = mg_start2(&init, &error);
  if (endpoint->context_ == nullptr) {
    return Error(absl::StatusCode::kUnavailable, "HTTP_PORT",
                 fmt::format("cannot serve HTTP on {}: {}", options.address, text.data()),
                 {{"address", options.address}, {"cause", text.data()}});
  }
  mg_context* context = endpoint->context_;
  mg_set_request_handler(context, "/metrics$", OnMetrics, endpoint.get());
  mg_set_request_handler(context, "/livez$", OnLive, endpoint.get());
  mg_set_request_handler(context, "/readyz$", OnReady, endpoint.get());
  mg_set_request_handler(context, "/", OnOther, endpoint.get());
  return endpoint;
}

// civetweb looks whether it should stop only when a connection arrives, or every two seconds: so
// one arrives.
HttpEndpoint::~HttpEndpoint() {
  if (context_ == nullptr) return;
  const int own_port = port();
  std::mutex mutex;
  std::condition_variable stopped;
  bool done = false;
  const std::jthread stopper([&] {
    mg_stop(context_);
    const std::lock_guard lock(mutex);
    done = true;
    stopped.notify_one();
  });
  std::unique_lock lock(mutex);
  while (!stopped.wait_for(lock, std::chrono::milliseconds(5), [&] { return done; }))
    Knock(own_port);
}

int HttpEndpoint::port() const {
  mg_server_port taken{};
  return mg_get_server_ports(context_, 1, &taken) > 0 ? taken.port : 0;
}

}  // namespace lotura::observe
