// A Kafka broker of the test binary's own.
#pragma once

#include <memory>
#include <string>

#include "libs/testing/process.h"

namespace lotura::testing {

// One node that is broker and controller, on free loopback ports, its data in a temporary
// directory.
class KafkaBroker {
 public:
  KafkaBroker();

  // "127.0.0.1:port"; stays the same when it is started again.
  [[nodiscard]] const std::string& address() const { return address_; }
  // Kills the broker, as a crash would.
  void Stop();
  // Returns when it serves requests.
  void Start();

 private:
  TempDir directory_;
  std::string address_;
  std::uint16_t port_;
  std::unique_ptr<ChildProcess> server_;
};

// The broker that all tests of this binary share; started on first use.
KafkaBroker& Kafka();

}  // namespace lotura::testing
