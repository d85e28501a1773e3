// What goes wrong, how often, and how often it did.
#pragma once

#include <array>
#include <cstdint>

#include "tests/simulation/world.h"

namespace lotura::simulation {

enum class Fault {
  // The database of the service.
  kConnectionRefused,
  kLostBeforeCommit,    // the connection breaks, and the server gives the transaction up
  kLostAfterCommit,     // the transaction is committed, and its answer is lost
  kOutcomeNotFound,     // the connection breaks, and the server goes on for longer than one asks
  kSlowTransaction,     // others begin and commit while it is open
  kForeignTransaction,  // of somebody else, that holds the horizon
  // The journal, as the relay reaches it.
  kJournalRefused,
  kJournalAnswerLost,
  // The broker.
  kSlowBroker,
  kRecordRefused,
  kConfirmationLost,
  kRecordsTwice,
  kLateRecords,  // those of a producer that is gone already
  kBrokerGone,
  kPollFails,
  kOffsetsNotKept,
  kOffsetsAnswerLost,
  kRebalance,
  // The cache.
  kCacheUnreachable,
  kFenceLost,
  kFillLate,
  kEviction,
  kFlush,
  kCacheGone,
  // The database of the consumers.
  kEffectsRefused,
  kEffectsLost,
  kEffectsAnswerLost,
  // Processes.
  kServiceDies,
  kRelayDies,
  kConsumerDies,
  kDiesAtPoint,   // of the code
  kProcessStops,  // and goes on later, as after SIGSTOP
  // Between a client and a service.
  kReplyLost,
  kImpatience,  // the client does not wait long enough
};
inline constexpr std::size_t kFaults = static_cast<std::size_t>(Fault::kImpatience) + 1;
using FaultCounts = std::array<std::uint64_t, kFaults>;

// "lost_after_commit".
const char* NameOf(Fault fault);

// Which of the faults a seed has, and how often, follows from the seed: what happens together in
// one is rare in another.
class Faults {
 public:
  explicit Faults(World& world);

  // Whether it happens here and now.
  bool Strikes(Fault fault);
  // Whether the seed has it at all; for what is done on purpose and not at a place of the code.
  [[nodiscard]] bool Has(Fault fault) const { return rates_[static_cast<std::size_t>(fault)] > 0; }
  // It was made to happen.
  void Count(Fault fault);

  // Nothing goes wrong before Begin and after Heal.
  void Begin() { on_ = true; }
  void Heal() { on_ = false; }
  [[nodiscard]] bool on() const { return on_; }

  [[nodiscard]] const FaultCounts& counts() const { return counts_; }

 private:
  World& world_;
  bool on_ = false;
  // Of a thousand.
  std::array<std::uint64_t, kFaults> rates_{};
  FaultCounts counts_{};
};

}  // namespace lotura::simulation
