// The contract of a journal, kept by the one in memory. tsan
#include "libs/events/memory_journal.h"

#include "libs/testing/journal_contract.h"

namespace lotura::events {

class MemoryWrite final : public testing::OpenWrite {
 public:
  explicit MemoryWrite(MemoryJournal& journal) : journal_(journal), xid_(journal.Begin()) {}
  void Add(const JournalEntry& entry) override { journal_.Add(xid_, entry); }
  void Commit() override { journal_.Commit(xid_); }
  void Rollback() override { journal_.Rollback(xid_); }

 private:
  MemoryJournal& journal_;
  const std::uint64_t xid_;
};

class MemoryJournalBackend {
 public:
  Journal& journal() { return journal_; }
  std::unique_ptr<testing::OpenWrite> Begin() { return std::make_unique<MemoryWrite>(journal_); }
  void Pass(std::chrono::milliseconds span) { clock_.Advance(span); }

 private:
  testing::FakeClock clock_;
  MemoryJournal journal_{clock_};
};

}  // namespace lotura::events

namespace lotura::testing {

INSTANTIATE_TYPED_TEST_SUITE_P(Memory, JournalContract, events::MemoryJournalBackend);

}  // namespace lotura::testing
