// A sealed log that a test may change.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "libs/audit/digest.h"
#include "libs/audit/seal.h"
#include "libs/audit/verifier.h"
#include "libs/testing/fakes.h"
#include "libs/testing/journal_entry.h"

namespace lotura::audit {

// Seals of so many entries each of one tenant.
class SealedLog {
 public:
  explicit SealedLog(const std::vector<int>& sizes = {3, 2, 4}) {
    for (const int entries : sizes) SealNext(entries);
  }

  // Entries as old as if the sealer had been away from the beginning on, and so long behind it.
  void SealLate(int count, std::chrono::microseconds behind) {
    const Instant now = clock_.Now();
    created_ = now - std::chrono::hours(48) + behind;
    SealNext(count);
    created_.reset();
  }

  void SealNext(int count, std::chrono::microseconds between = {}) {
    std::vector<events::JournalEntry> entries;
    for (int i = 0; i < count; ++i) {
      ++version_;
      events::JournalEntry entry = testing::EntryOf(ids_, "opportunities/o1", version_);
      entry.position = {
          .epoch = 1, .xid = 700 + static_cast<std::uint64_t>(version_), .seq = version_};
      entry.create_time = created_.value_or(clock_.Now());
      clock_.Advance(between);
      entries.push_back(std::move(entry));
    }
    const Sealing sealing{.service = "sales", .key = key_, .now = clock_.Now()};
    std::vector<Sealable> covered;
    for (const events::JournalEntry& entry : entries) covered.push_back(SealableOf("sales", entry));
    v1::SealedEntries sealed;
    *sealed.mutable_seal() = SealsOf(sealing, {{entries.front().tenant, head_}}, covered).at(0);
    head_ = {.number = sealed.seal().number(), .hash = sealed.seal().hash()};
    for (const events::JournalEntry& entry : entries) *sealed.add_entries() = ToProto(entry);
    parts.push_back(std::move(sealed));
  }

  [[nodiscard]] Report Verify(std::vector<v1::Seal> checkpoints = {},
                              Extent extent = Extent::kWhole) const {
    Verifier verifier({key_.verify_key()}, std::move(checkpoints), extent);
    for (const v1::SealedEntries& part : parts) verifier.Take(part);
    return verifier.Finish();
  }

  [[nodiscard]] const SigningKey& key() const { return key_; }
  testing::FakeClock& clock() { return clock_; }

  std::vector<v1::SealedEntries> parts;

 private:
  testing::FakeIds ids_;
  testing::FakeClock clock_;
  const SigningKey key_ = SigningKey::Generate();
  Head head_;
  std::int64_t version_ = 0;
  std::optional<Instant> created_;
};

}  // namespace lotura::audit
