#include "libs/testing/kafka.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "libs/base/check.h"
#include "libs/testing/eventually.h"

namespace lotura::testing {
namespace {

namespace fs = std::filesystem;

sockaddr_in Loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

std::uint16_t FreePort() {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = Loopback(0);
  socklen_t size = sizeof(address);
  LOTURA_CHECK(bind(listener, reinterpret_cast<sockaddr*>(&address), size) == 0);
  LOTURA_CHECK(getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  close(listener);
  return ntohs(address.sin_port);
}

// Asks for the versions of the protocol, which the broker answers only when it may serve requests.
bool Serves(std::uint16_t port) {
  const int connection = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = Loopback(port);
  const timeval bound{.tv_sec = 1, .tv_usec = 0};
  setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &bound, sizeof(bound));
  const std::array<unsigned char, 14> request{0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 1, 0xff, 0xff};
  std::array<unsigned char, 10> answer{};
  const bool ok =
      connect(connection, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0 &&
      send(connection, request.data(), request.size(), MSG_NOSIGNAL) == ssize_t{14} &&
      recv(connection, answer.data(), answer.size(), MSG_WAITALL) == ssize_t{10} &&
      answer[8] == 0 && answer[9] == 0;
  close(connection);
  return ok;
}

// Where tools/dev setup put the broker's jars.
std::string Jars() {
  if (const char* libs = std::getenv("LOTURA_KAFKA_LIBS"))
    return libs;                                    // NOLINT(concurrency-mt-unsafe)
  const char* cache = std::getenv("LOTURA_CACHE");  // NOLINT(concurrency-mt-unsafe)
  const char* home = std::getenv("HOME");           // NOLINT(concurrency-mt-unsafe)
  const fs::path root = cache != nullptr
                            ? fs::path(cache)
                            : fs::path(home == nullptr ? "/" : home) / ".cache" / "lotura";
  std::error_code missing;
  for (const auto& entry : fs::directory_iterator(root, missing)) {
    if (entry.path().filename().string().starts_with("kafka-")) return entry.path() / "libs";
  }
  std::fprintf(stderr, "Kafka's jars are not in %s: run tools/dev setup\n", root.c_str());
  LOTURA_CHECK(false);
}

std::string Settings(const std::string& data, std::uint16_t port, std::uint16_t controller) {
  return fmt::format(
      "process.roles=broker,controller\nnode.id=1\n"
      "listeners=PLAINTEXT://127.0.0.1:{0},CONTROLLER://127.0.0.1:{1}\n"
      "advertised.listeners=PLAINTEXT://127.0.0.1:{0}\n"
      "controller.listener.names=CONTROLLER\ncontroller.quorum.voters=1@127.0.0.1:{1}\n"
      "log.dirs={2}\nauto.create.topics.enable=false\ngroup.initial.rebalance.delay.ms=0\n"
      "group.min.session.timeout.ms=1000\nbroker.session.timeout.ms=1500\nbroker.heartbeat."
      "interval.ms=300\n"
      "offsets.topic.replication.factor=1\noffsets.topic.num.partitions=1\n"
      "transaction.state.log.num.partitions=1\ntransaction.state.log.replication.factor="
      "1\ntransaction.state.log.min.isr=1\n"
      "share.coordinator.state.topic.num.partitions=1\nshare.coordinator.state.topic.replication."
      "factor=1\n"
      "share.coordinator.state.topic.min.isr=1\nlog.cleaner.dedupe.buffer.size=2097152\n",
      port, controller, data);
}

}  // namespace

KafkaBroker::KafkaBroker() : port_(FreePort()) {
  address_ = fmt::format("127.0.0.1:{}", port_);
  const std::string data = directory_.path() + "/data";
  fs::create_directory(data);
  std::ofstream(directory_.path() + "/server.properties") << Settings(data, port_, FreePort());
  // What formatting the storage would write; it spares one start of Java.
  std::ofstream(data + "/meta.properties")
      << "version=1\ncluster.id=bG90dXJhLXRlc3Qta2Fma2E\nnode.id=1\n";
  Start();
}

void KafkaBroker::Start() {
  server_ = std::make_unique<ChildProcess>(
      std::vector<std::string>{"java", "-Xms64m", "-Xmx300m", "-XX:+UseSerialGC",
                               "-XX:TieredStopAtLevel=1", "-cp", Jars() + "/*", "kafka.Kafka",
                               directory_.path() + "/server.properties"},
      directory_.path() + "/kafka.log", SIGKILL, RunAs::kCaller);
  LOTURA_CHECK(Eventually([&] { return Serves(port_); }, std::chrono::seconds(60)));
}

void KafkaBroker::Stop() { server_.reset(); }

KafkaBroker& Kafka() {
  static KafkaBroker broker;
  return broker;
}

}  // namespace lotura::testing
