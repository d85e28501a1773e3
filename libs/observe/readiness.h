// Whether the process can do its work, and if not, what it waits for.
#pragma once

#include <absl/status/status.h>

#include <functional>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace lotura::observe {

// Named conditions that must all hold. Thread-safe.
class Readiness {
 public:
  using Check = std::function<absl::Status()>;

  // `check` is asked at each probe, from any thread; it answers from memory and never waits. The
  // text of its status is shown to whoever reaches the probe.
  void Require(std::string name, Check check);

  struct Answer {
    bool ready = true;
    // {"ready":false,"not_ready":[{"name":"postgres","reason":"..."}]}
    std::string json;
  };
  [[nodiscard]] Answer Ask() const;

 private:
  mutable std::mutex mutex_;  // guards checks_
  std::vector<std::pair<std::string, Check>> checks_;
};

}  // namespace lotura::observe
