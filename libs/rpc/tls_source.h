// Certificates that are read again while they are in use.
#pragma once

#include <absl/status/statusor.h>

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>

#include "libs/base/clock.h"
#include "libs/base/snapshot.h"
#include "libs/observe/log.h"
#include "libs/observe/metrics.h"
#include "libs/rpc/tls_material.h"

namespace lotura::rpc {

struct TlsSourceOptions {
  TlsFiles files;
  // Label of its metrics: "server" or "client".
  std::string use;
  // How often the files are looked at.
  std::chrono::milliseconds refresh{10'000};
};

// lotura_tls_certificate_expiry_timestamp_seconds{use}, lotura_tls_reloads_total{use,result}. A
// server without TLS has them, too, so that alerts find them.
struct TlsMetrics {
  TlsMetrics(const observe::Metrics& metrics, std::string_view use);

  observe::Gauge expiry;
  observe::Counter reloaded;
  observe::Counter failed;
};

// Keeps what served last as long as the files have nothing that would serve: while one of a pair is
// replaced and the other is not yet, say. Thread-safe. One thread of its own looks.
class TlsSource {
 public:
  using Material = std::shared_ptr<const TlsMaterial>;

  // Reads the files; the errors are those of LoadTls.
  static absl::StatusOr<std::unique_ptr<TlsSource>> Create(const TlsSourceOptions& options,
                                                           const Clock& clock,
                                                           const observe::Log& log,
                                                           const observe::Metrics& metrics);
  TlsSource(const TlsSource&) = delete;
  TlsSource& operator=(const TlsSource&) = delete;

  void Start();
  // The same object as long as nothing has changed.
  [[nodiscard]] Material Get() const { return material_.Get(); }

 private:
  TlsSource(const TlsSourceOptions& options, TlsMaterial material, const Clock& clock,
            const observe::Log& log, const observe::Metrics& metrics);

  void LookUntilStopped(const std::stop_token& stop);
  void Look();
  void Refuse(const absl::Status& why);
  void ShowExpiry();

  const TlsSourceOptions options_;
  const Clock& clock_;
  const observe::Log log_;
  const TlsMetrics metrics_;
  Snapshot<TlsMaterial> material_;
  // Of the last look; used by the thread alone.
  absl::Status failure_;

  std::mutex mutex_;  // only for the wait
  std::condition_variable_any wait_;
  std::jthread thread_;
};

}  // namespace lotura::rpc
