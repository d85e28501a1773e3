// A web server of the test's own, which can be made to fail.
#pragma once

#include <civetweb.h>
#include <fmt/format.h>

#include <array>
#include <atomic>
#include <mutex>
#include <string>
#include <thread>

#include "libs/http/fetch.h"
#include "libs/testing/eventually.h"

namespace lotura::http {

class WebServer {
 public:
  WebServer() {
    std::array<const char*, 5> settings = {"listening_ports", "127.0.0.1:0", "num_threads", "2",
                                           nullptr};
    context_ = mg_start(nullptr, nullptr, settings.data());
    mg_set_request_handler(context_, "/", Handle, this);
  }
  // civetweb looks whether it should stop only when a connection arrives, or every two seconds.
  ~WebServer() {
    // There is no context to ask once it has stopped.
    const std::string own = url();
    std::atomic<bool> stopped = false;
    const std::jthread stopper([&] {
      mg_stop(context_);
      stopped = true;
    });
    // Nobody may answer it.
    const auto knock = [&] {
      (void)Fetch({.url = own, .deadline = Deadline::After(std::chrono::milliseconds(20))});
    };
    testing::Eventually([&] { return knock(), stopped.load(); }, std::chrono::seconds(5));
  }
  WebServer(const WebServer&) = delete;
  WebServer& operator=(const WebServer&) = delete;

  // What is answered from now on, whatever is asked for; `headers` are lines that end with "\r\n".
  void Serve(int code, std::string body, std::string headers = {}) {
    const std::lock_guard lock(mutex_);
    code_ = code;
    body_ = std::move(body);
    headers_ = std::move(headers);
  }
  [[nodiscard]] std::string url() const {
    mg_server_port port{};
    mg_get_server_ports(context_, 1, &port);
    return fmt::format("http://127.0.0.1:{}/keys", port.port);
  }
  [[nodiscard]] int requests() const { return requests_.load(); }

 private:
  static int Handle(mg_connection* connection, void* data) {
    auto& self = *static_cast<WebServer*>(data);
    ++self.requests_;
    const std::lock_guard lock(self.mutex_);
    const std::string answer =
        fmt::format("HTTP/1.1 {} X\r\n{}Connection: close\r\nContent-Length: {}\r\n\r\n{}",
                    self.code_, self.headers_, self.body_.size(), self.body_);
    mg_write(connection, answer.data(), answer.size());
    return self.code_;
  }

  mg_context* context_ = nullptr;
  std::atomic<int> requests_ = 0;
  std::mutex mutex_;  // guards the members below
  int code_ = 200;
  std::string body_;
  std::string headers_;
};

}  // namespace lotura::http
