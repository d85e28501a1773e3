// The contract of a history, kept by the one in memory. tsan
#include "libs/events/memory_history.h"

#include "libs/testing/history_contract.h"

namespace lotura::events {

class MemoryOpenWrite final : public testing::OpenWrite {
 public:
  explicit MemoryOpenWrite(MemoryJournal& journal) : journal_(journal), xid_(journal.Begin()) {}
  void Add(const JournalEntry& entry) override { journal_.Add(xid_, entry); }
  void Commit() override { journal_.Commit(xid_); }
  void Rollback() override { journal_.Rollback(xid_); }

 private:
  MemoryJournal& journal_;
  const std::uint64_t xid_;
};

class MemoryHistoryBackend {
 public:
  MemoryHistoryBackend() { history_.Drop(clock_.Now() - std::chrono::hours(48)); }

  History& history() { return history_; }
  std::unique_ptr<testing::OpenWrite> Begin() {
    return std::make_unique<MemoryOpenWrite>(journal_);
  }

 private:
  testing::FakeClock clock_;
  MemoryJournal journal_{clock_};
  MemoryHistory history_{journal_, clock_};
};

}  // namespace lotura::events

namespace lotura::testing {

INSTANTIATE_TYPED_TEST_SUITE_P(Memory, HistoryContract, events::MemoryHistoryBackend);

}  // namespace lotura::testing
