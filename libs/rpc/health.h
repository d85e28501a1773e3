// Which services are ready to be called, and who watches that.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace lotura::rpc {

enum class Serving { kNo, kYes };

// Thread-safe. A service that was added is not serving until it is said to. "" stands for the whole
// server, "readiness" for the same, "liveness" always serves.
class Health {
 public:
  // Called at each change with the state, under no lock. Nothing: the service is unknown.
  using Watcher = std::function<void(std::optional<Serving>)>;

  Health();

  void Add(const std::string& service);
  void Set(const std::string& service, Serving serving);
  // Everything but "liveness".
  void SetAll(Serving serving);

  [[nodiscard]] std::optional<Serving> Find(std::string_view service) const;

  // `watcher` is called at every change from now on, until Forget; a call may still be under way
  // when Forget returns.
  std::uint64_t Watch(std::string service, Watcher watcher);
  void Forget(std::uint64_t id);

 private:
  struct Watching {
    std::string service;
    std::shared_ptr<const Watcher> tell;  // shared with a notification under way
  };

  void Tell(const std::string& service, std::optional<Serving> serving);

  mutable std::mutex mutex_;  // guards the members below
  std::map<std::string, Serving, std::less<>> services_;
  std::map<std::uint64_t, Watching> watches_;
  std::uint64_t next_id_ = 1;
};

}  // namespace lotura::rpc
