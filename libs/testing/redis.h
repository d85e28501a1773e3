// A Redis of the test's own.
#pragma once

#include <memory>
#include <string>

#include "libs/testing/process.h"

namespace lotura::testing {

// On a unix socket in a temporary directory; keeps nothing on disk, as a cache is run in
// production.
class RedisServer {
 public:
  RedisServer();
  ~RedisServer();
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;

  void Start();
  // As after a crash: what it held is gone.
  void Kill();
  // Hangs: connections stay open and are never answered.
  void Freeze();
  void Thaw();

  // "unix:<path>".
  [[nodiscard]] std::string address() const { return "unix:" + socket_path(); }
  [[nodiscard]] std::string socket_path() const { return directory_.path() + "/redis.sock"; }

 private:
  TempDir directory_;
  std::unique_ptr<ChildProcess> server_;
};

}  // namespace lotura::testing
