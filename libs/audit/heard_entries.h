// What a relay of the same process has read of the journal and nobody has sealed yet.
#pragma once

#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "libs/audit/seal.h"
#include "libs/events/journal_listener.h"

namespace lotura::audit {

// Keeps what stands for each entry in its seal, without gap behind the position that was sealed
// last: whoever seals then need not read them once more. Bounded: what finds no room is read from
// the journal. Thread-safe.
class HeardEntries final : public events::JournalListener {
 public:
  explicit HeardEntries(std::string service, std::size_t entries_max = kEntriesMax)
      : service_(std::move(service)), entries_max_(entries_max) {}

  void Hear(const std::string& origin, const events::Position& after,
            std::span<const events::JournalEntry> entries) override;

  struct Taken {
    // None if the journal has to be read.
    std::vector<Sealable> entries;
    // More is known of, here or in the journal.
    bool more = false;
  };
  // The entries right behind `sealed` that were read where the lease was taken, up to the one with
  // which the limit is reached. Until the next call what follows them is kept.
  Taken Take(const std::string& origin, const events::Position& sealed,
             const events::ReadLimit& limit);
  // The journal was read up to here: what follows is kept.
  void Await(const std::string& origin, const events::Position& read);
  // Nothing is kept any more, until the next of these calls.
  void Forget();

 private:
  // About 6 MB.
  static constexpr std::size_t kEntriesMax = 64 * 1024;

  // These with the lock.
  // Up to where everything is kept or sealed.
  [[nodiscard]] const events::Position& End() const {
    return entries_.empty() ? *sealed_ : entries_.back().position;
  }
  // Where what comes after `after` goes on from; nothing if it is of no use.
  std::optional<events::Position> EndBefore(const std::string& origin,
                                            const events::Position& after);
  void MoveTo(const std::string& origin, const events::Position& sealed);

  const std::string service_;
  const std::size_t entries_max_;
  std::mutex mutex_;  // guards what follows
  // Of the last call that moved it.
  std::string origin_;
  std::optional<events::Position> sealed_;
  std::deque<Sealable> entries_;
  // Something behind End() was heard and not kept.
  bool missed_ = false;
};

}  // namespace lotura::audit
