// Where the issuer's keys come from, and how they are kept fresh.
#pragma once

#include <absl/status/statusor.h>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/snapshot.h"
#include "libs/observe/log.h"
#include "libs/rpc/key_set.h"

namespace lotura::rpc {

// The text of the key set; nothing if it has not changed since the last time. Called by one thread
// at a time.
using FetchKeys = std::function<absl::StatusOr<std::optional<std::string>>()>;

// Reads a file again when its time, size or inode changes.
FetchKeys KeysFromFile(std::string path);
// Asks a web server; at most 5 s and 1 MiB, no redirects.
FetchKeys KeysFromUrl(std::string url);
// Asks the issuer each time where its keys are (OpenID Connect Discovery 1.0, section 4), and
// fetches them there.
FetchKeys KeysFromDiscovery(std::string issuer);

bool IsUrl(std::string_view text);
// By https, or by http from this machine: whoever sits between could forge tokens.
bool IsSafeUrl(std::string_view text);

struct KeySourceOptions {
  // Label of its metrics.
  std::string id = "issuer";
  // How often the keys are fetched without a reason. After a failure they are fetched again as soon
  // as that is allowed.
  std::chrono::milliseconds refresh{300'000};
  // Shortest time between two fetches, whatever the reason.
  std::chrono::milliseconds refetch_min{10'000};
};

// Keeps the last good keys while the source is down. Thread-safe. One thread of its own fetches.
// Metrics: lotura_token_keys{issuer}, lotura_token_key_fetches_total{issuer,result}.
class KeySource {
 public:
  using Keys = std::shared_ptr<const KeySet>;

  // `on_change` is called by the fetching thread after the keys have changed.
  KeySource(const KeySourceOptions& options, FetchKeys fetch, std::function<void()> on_change,
            const observe::Log& log, const observe::Metrics& metrics);
  ~KeySource();
  KeySource(const KeySource&) = delete;
  KeySource& operator=(const KeySource&) = delete;

  // Fetches once in this thread.
  absl::Status FetchNow();
  void Start();

  // Null as long as no fetch has succeeded.
  [[nodiscard]] Keys Get() const { return *keys_.Get(); }
  // Whether a fetch now could bring keys that Get does not know yet.
  [[nodiscard]] bool MayFetch() const;
  // Calls `then` from the fetching thread, after a fetch if one is allowed. False if too many wait
  // or the source stops: `then` is not called.
  bool AfterFetch(std::function<void()> then);

 private:
  void Run();
  absl::Status Fetch();
  // With the lock held.
  [[nodiscard]] Deadline::Point Allowed() const;
  [[nodiscard]] Deadline::Point Next() const;

  const KeySourceOptions options_;
  const FetchKeys fetch_;
  const std::function<void()> on_change_;
  const observe::Log log_;
  const observe::Gauge count_;
  const observe::Counter fetched_;
  const observe::Counter not_fetched_;
  Snapshot<Keys> keys_{nullptr};
  // Used by whoever fetches: of the last text, and of the last fetch.
  absl::Status parsed_;
  absl::Status told_;

  mutable std::mutex mutex_;  // guards the members below, up to the thread
  std::condition_variable wake_;
  std::vector<std::function<void()>> waiting_;
  Deadline::Point fetched_at_ = Deadline::Point::min();
  bool failed_ = false;
  bool stopping_ = false;
  std::jthread thread_;
};

}  // namespace lotura::rpc
