// Somebody who writes and reads through any replica of the service, and asks again while he does
// not know what became of a write.
#pragma once

#include "tests/simulation/ledger.h"
#include "tests/simulation/nemesis.h"

namespace lotura::simulation {

// An actor.
class Client {
 public:
  Client(Plant& plant, Crew& crew, Wishes& wishes, Ledger& ledger, Checks& checks)
      : plant_(plant), crew_(crew), wishes_(wishes), ledger_(ledger), checks_(checks) {}
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Goes on until it is told to stop, and then until it knows of every write what can be known.
  void Run();
  // Only these, one after the other.
  void Run(std::vector<Wish> wishes);
  void Stop() { stopped_ = true; }
  // Gives up, whatever it knows.
  void Abandon() { stopped_ = abandoned_ = true; }
  [[nodiscard]] bool done() const { return done_; }

 private:
  using Answer = absl::StatusOr<resource::UnitOfWork::MessagePtr>;
  using Found = resource::RecordReads::Result;

  void WriteUntilKnown(Write& write);
  // DEADLINE_EXCEEDED if no answer came in time.
  Answer Try(const Wish& wish);
  // What is known of a write that was not acknowledged; kOpen if it is to be tried again.
  static Write::State StateAfter(const Wish& wish, const absl::Status& failure);
  void Read(const Subject& subject);
  Found Load(const Subject& subject);
  void CheckRead(const Subject& subject, const std::optional<resource::Record>& record,
                 std::int64_t version_min);
  // Calls `ask` with a service and a function that takes its answer, and waits for that.
  template <typename Result, typename Ask>
  Result Call(const Ask& ask);

  Plant& plant_;
  Crew& crew_;
  Wishes& wishes_;
  Ledger& ledger_;
  Checks& checks_;
  bool stopped_ = false;
  bool abandoned_ = false;
  bool done_ = false;
};

}  // namespace lotura::simulation
