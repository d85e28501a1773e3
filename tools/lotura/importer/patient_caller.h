// Calls that outlast services being stopped, killed and restarted.
#pragma once

#include <atomic>
#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "tools/lotura/api/transport.h"

namespace lotura::importer {

struct Patience {
  // All calls give up when no service answered for so long, and when for a multiple of it services
  // only answered that something shall be tried again.
  std::chrono::milliseconds without_answer{60'000};
  // How long to wait until a service has heard of a record in another one. Once waiting has helped
  // nobody for twice as long, nobody waits any more.
  std::chrono::milliseconds for_reference{30'000};
  // Of one attempt.
  std::chrono::milliseconds of_attempt{10'000};
  // The pause after the first attempt; it doubles up to the longest one.
  std::chrono::milliseconds first_pause{50};
  std::chrono::milliseconds longest_pause{2'000};
};

// Time as the caller sees it. Thread-safe.
class Pacer {
 public:
  using Point = std::chrono::steady_clock::time_point;

  virtual ~Pacer() = default;
  virtual Point Now() = 0;
  virtual void Wait(std::chrono::milliseconds span) = 0;
  // Between 0.5 and 1.5, to spread those who wait for the same thing.
  virtual double Jitter() = 0;
};

class RealPacer final : public Pacer {
 public:
  Point Now() override { return std::chrono::steady_clock::now(); }
  void Wait(std::chrono::milliseconds span) override;
  double Jitter() override;
};

// Repeats a request, with the request_id that it carries, as long as its outcome is unknown or its
// failure may pass: UNAVAILABLE, ABORTED, CANCELLED, DEADLINE_EXCEEDED, UNKNOWN without a reason of
// its own or with COMMIT_IN_DOUBT, RESOURCE_EXHAUSTED with a RetryInfo, REFERENCE_NOT_FOUND of a
// record in another service, whose event may still be on its way, and twice INTERNAL. Thread-safe.
class PatientCaller {
 public:
  PatientCaller(api::Transport& transport, Pacer& pacer, Patience patience)
      : transport_(transport),
        pacer_(pacer),
        patience_(patience),
        last_answer_(pacer.Now()),
        last_result_(last_answer_) {}

  // UNAVAILABLE PATIENCE_EXHAUSTED once all calls give up; any other error is a final answer.
  absl::StatusOr<std::unique_ptr<google::protobuf::Message>> Call(
      const google::protobuf::MethodDescriptor& method, const google::protobuf::Message& request);

  [[nodiscard]] std::size_t retries() const { return retries_; }

 private:
  bool MayRetry(const absl::Status& status);
  bool MayWaitForReference(const absl::Status& status);
  void NoteReferenceFound();
  void NoteAnswer();
  void NoteResult();
  [[nodiscard]] bool IsExhausted();
  std::chrono::milliseconds PauseAfter(int attempt, const absl::Status& status);

  api::Transport& transport_;
  Pacer& pacer_;
  const Patience patience_;
  std::atomic<std::size_t> retries_ = 0;
  std::mutex mutex_;  // guards all below
  Pacer::Point last_answer_;
  Pacer::Point last_result_;
  bool exhausted_ = false;
  // Since when a record of another service has been waited for.
  std::map<std::string, Pacer::Point> awaited_;
  // Since when waiting has helped nobody; nothing while nobody waits.
  std::optional<Pacer::Point> in_vain_since_;
};

// Whether the error is about the request itself, so that others may fare better.
bool IsAboutRequest(const absl::Status& status);

}  // namespace lotura::importer
