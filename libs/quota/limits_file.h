// A file of limits that is followed while it is in force.
#pragma once

#include <absl/status/statusor.h>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>

#include "libs/observe/log.h"
#include "libs/observe/metrics.h"
#include "libs/quota/limits.h"

namespace lotura::quota {

struct LimitsFileOptions {
  std::string path;
  // How often it is looked at.
  std::chrono::milliseconds refresh{1'000};
};

// Reads it again when its text has changed. What is wrong is not taken: the last good limits stay
// in force. One thread of its own looks. Metrics: lotura_quota_file_loads_total{result}.
class LimitsFile {
 public:
  // Called by the thread.
  using Use = std::function<void(Limits)>;

  LimitsFile(const LimitsFileOptions& options, const observe::Log& log,
             const observe::Metrics& metrics);
  LimitsFile(const LimitsFile&) = delete;
  LimitsFile& operator=(const LimitsFile&) = delete;

  // The limits at the start: the errors of ReadFile and of Limits::Parse.
  absl::StatusOr<Limits> Read();
  // `use` gets each new set of limits.
  void Start(Use use);

 private:
  void LookUntilStopped(const std::stop_token& stop, const Use& use);
  void Look(const Use& use);
  // The limits of a text, which is in force from then on.
  absl::StatusOr<Limits> Take(std::string text);
  void Refuse(const absl::Status& why);

  const LimitsFileOptions options_;
  const observe::Log log_;
  const observe::Counter loaded_;
  const observe::Counter failed_;
  // The text that is in force, and what was wrong at the last look; used by one thread at a time.
  std::string text_;
  absl::Status failure_;

  std::mutex mutex_;  // only for the wait
  std::condition_variable_any wait_;
  std::jthread thread_;
};

}  // namespace lotura::quota
