#include "libs/events/memory_journal.h"

#include "libs/base/check.h"
#include "libs/base/errors.h"

namespace lotura::events {
namespace {

constexpr std::size_t kEntriesMax = 1'000'000;
constexpr std::int32_t kEpoch = 1;

}  // namespace

class MemoryJournalReader final : public JournalReader {
 public:
  explicit MemoryJournalReader(const MemoryJournal& journal) : journal_(journal) {}

  absl::StatusOr<std::vector<JournalEntry>> Read(const Position& after, ReadLimit limit,
                                                 Deadline /*deadline*/) override {
    const std::lock_guard lock(journal_.mutex_);
    const std::uint64_t horizon = journal_.HorizonLocked();
    std::vector<JournalEntry> entries;
    std::size_t bytes = 0;
    for (auto next = journal_.committed_.upper_bound(after);
         next != journal_.committed_.end() && next->first.xid < horizon; ++next) {
      if (entries.size() >= limit.entries || (!entries.empty() && bytes >= limit.bytes)) break;
      bytes += next->second.StoredBytes();
      entries.push_back(next->second);
    }
    return entries;
  }

  absl::StatusOr<Backlog> Inspect(const Position& after, Deadline /*deadline*/) override {
    const std::lock_guard lock(journal_.mutex_);
    Backlog backlog{.horizon = journal_.HorizonLocked(), .next = journal_.next_xid_};
    const auto oldest = journal_.committed_.upper_bound(after);
    if (oldest != journal_.committed_.end()) backlog.oldest = oldest->second.create_time;
    return backlog;
  }

 private:
  const MemoryJournal& journal_;
};

std::uint64_t MemoryJournal::Begin() {
  const std::lock_guard lock(mutex_);
  open_.try_emplace(next_xid_);
  return next_xid_++;
}

void MemoryJournal::Add(std::uint64_t xid, JournalEntry entry) {
  const std::lock_guard lock(mutex_);
  entry.position = {.epoch = kEpoch, .xid = xid, .seq = next_seq_++};
  entry.create_time = clock_.Now();
  open_.at(xid).push_back(std::move(entry));
}

void MemoryJournal::Commit(std::uint64_t xid) {
  const std::lock_guard lock(mutex_);
  auto transaction = open_.extract(xid);
  LOTURA_CHECK(!transaction.empty());
  LOTURA_CHECK(committed_.size() + transaction.mapped().size() <= kEntriesMax);
  for (JournalEntry& entry : transaction.mapped()) {
    const Position position = entry.position;
    committed_.emplace(position, std::move(entry));
  }
}

void MemoryJournal::Rollback(std::uint64_t xid) {
  const std::lock_guard lock(mutex_);
  open_.erase(xid);
}

void MemoryJournal::Append(std::vector<JournalEntry> entries) {
  const std::uint64_t xid = Begin();
  for (JournalEntry& entry : entries) Add(xid, std::move(entry));
  Commit(xid);
}

std::unique_ptr<JournalReader> MemoryJournal::NewReader() {
  return std::make_unique<MemoryJournalReader>(*this);
}

absl::StatusOr<std::optional<LeaseToken>> MemoryJournal::Acquire(const std::string& name,
                                                                 const Uuid& holder,
                                                                 std::chrono::milliseconds duration,
                                                                 Deadline /*deadline*/) {
  const std::lock_guard lock(mutex_);
  const Instant now = clock_.Now();
  Lease& lease = leases_[name];
  if (lease.holder != holder && lease.until > now) return std::optional<LeaseToken>();
  if (lease.holder != holder || lease.term == 0) ++lease.term;
  lease.holder = holder;
  lease.until = now + duration;
  return std::optional<LeaseToken>(
      {.name = name, .holder = holder, .term = lease.term, .origin = origin_});
}

absl::Status MemoryJournal::Release(const LeaseToken& lease, Deadline /*deadline*/) {
  const std::lock_guard lock(mutex_);
  Lease& held = leases_[lease.name];
  if (held.holder == lease.holder && held.term == lease.term) held.until = Instant();
  return absl::OkStatus();
}

absl::StatusOr<Position> MemoryJournal::LoadCursor(const std::string& relay,
                                                   Deadline /*deadline*/) {
  const std::lock_guard lock(mutex_);
  return cursors_[relay];
}

absl::Status MemoryJournal::SaveCursor(const std::string& relay, const Position& position,
                                       const LeaseToken& lease, Deadline /*deadline*/) {
  const std::lock_guard lock(mutex_);
  absl::Status lost = FailedPrecondition("LEASE_LOST", "another process holds the lease");
  if (lease.origin != origin_) return lost;
  Position& cursor = cursors_[relay];
  cursor = std::max(cursor, position);
  const Lease& held = leases_[lease.name];
  const bool is_held =
      held.holder == lease.holder && held.term == lease.term && held.until > clock_.Now();
  return is_held ? absl::OkStatus() : lost;
}

void MemoryJournal::Restore(const Position& last) {
  const std::lock_guard lock(mutex_);
  LOTURA_CHECK(open_.empty());
  committed_.erase(committed_.upper_bound(last), committed_.end());
  next_xid_ = last.xid + 1;
  for (auto& [relay, cursor] : cursors_) cursor = std::min(cursor, last);
  origin_ += "'";
}

std::uint64_t MemoryJournal::HorizonLocked() const {
  return open_.empty() ? next_xid_ : open_.begin()->first;
}

}  // namespace lotura::events
