#include "libs/testing/redis.h"

#include <csignal>

#include "libs/base/check.h"
#include "libs/testing/eventually.h"

namespace lotura::testing {

RedisServer::RedisServer() {
  directory_.GiveToServerUser();
  Start();
}

// A frozen process would not end.
RedisServer::~RedisServer() { Kill(); }

void RedisServer::Start() {
  const std::string log = directory_.path() + "/redis.log";
  server_ = std::make_unique<ChildProcess>(
      std::vector<std::string>{"redis-server", "--port", "0", "--unixsocket", socket_path(),
                               "--dir", directory_.path(), "--save", "", "--appendonly", "no"},
      log, SIGKILL);
  LOTURA_CHECK(Eventually(
      [&] {
        return RunCommand({"redis-cli", "-s", socket_path(), "PING"}, "/dev/null") == 0;
      },
      std::chrono::seconds(10)));
}

void RedisServer::Kill() { server_.reset(); }

void RedisServer::Freeze() { server_->Signal(SIGSTOP); }

void RedisServer::Thaw() { server_->Signal(SIGCONT); }

}  // namespace lotura::testing
