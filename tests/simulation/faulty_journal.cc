#include "tests/simulation/faulty_journal.h"

#include "libs/base/errors.h"

namespace lotura::simulation {
namespace {

// A question to the database and its answer, with what may go wrong on both ways.
template <typename Ask>
auto Asked(Process& process, const Ask& ask) -> decltype(ask()) {
  if (!process.Travel() || process.faults().Strikes(Fault::kJournalRefused))
    return Unreachable("the journal");
  auto answer = ask();
  if (!process.Travel() || process.faults().Strikes(Fault::kJournalAnswerLost))
    return Unreachable("the journal");
  return answer;
}

class FaultyReader final : public events::JournalReader {
 public:
  FaultyReader(Process& process, std::unique_ptr<events::JournalReader> reader)
      : process_(process), reader_(std::move(reader)) {}

  absl::StatusOr<std::vector<events::JournalEntry>> Read(const events::Position& after,
                                                         events::ReadLimit limit,
                                                         Deadline deadline) override {
    return Asked(process_, [&] { return reader_->Read(after, limit, deadline); });
  }
  absl::StatusOr<events::Backlog> Inspect(const events::Position& after,
                                          Deadline deadline) override {
    return Asked(process_, [&] { return reader_->Inspect(after, deadline); });
  }

 private:
  Process& process_;
  const std::unique_ptr<events::JournalReader> reader_;
};

}  // namespace

std::unique_ptr<events::JournalReader> FaultyJournal::NewReader() {
  return std::make_unique<FaultyReader>(process_, journal_.NewReader());
}

absl::StatusOr<std::optional<events::LeaseToken>> FaultyJournal::Acquire(
    const std::string& name, const Uuid& holder, std::chrono::milliseconds duration,
    Deadline deadline) {
  return Asked(process_, [&] { return journal_.Acquire(name, holder, duration, deadline); });
}

absl::Status FaultyJournal::Release(const events::LeaseToken& lease, Deadline deadline) {
  return Asked(process_, [&] { return journal_.Release(lease, deadline); });
}

absl::StatusOr<events::Position> FaultyJournal::LoadCursor(const std::string& relay,
                                                           Deadline deadline) {
  return Asked(process_, [&] { return journal_.LoadCursor(relay, deadline); });
}

absl::Status FaultyJournal::SaveCursor(const std::string& relay, const events::Position& position,
                                       const events::LeaseToken& lease, Deadline deadline) {
  return Asked(process_, [&] {
    process_.world().Note("{} saves {}", process_.name(), position.xid);
    return journal_.SaveCursor(relay, position, lease, deadline);
  });
}

}  // namespace lotura::simulation
