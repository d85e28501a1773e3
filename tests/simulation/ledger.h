// What clients were told, and what they may rely on from then on.
#pragma once

#include <deque>
#include <map>

#include "tests/simulation/checks.h"
#include "tests/simulation/wishes.h"

namespace lotura::simulation {

struct Write {
  Wish wish;
  enum class State { kOpen, kAcknowledged, kRefused, kInDoubt } state = State::kOpen;
  std::size_t attempts = 0;
  // The first answer.
  resource::UnitOfWork::MessagePtr answer;
};

class Ledger {
 public:
  Ledger(Plant& plant, Checks& checks) : plant_(plant), checks_(checks) {}

  // Stays where it is.
  Write& Begin(Wish wish);
  // Looks whether it is there. A write that was acknowledged before must be answered as then.
  void Acknowledge(Write& write, const resource::UnitOfWork::MessagePtr& answer);

  // The version that every read from now on has to see, by RecordKey; 0: none.
  [[nodiscard]] std::int64_t VersionOf(const std::string& key) const;
  // Of the last answer about the record; empty if there was none.
  [[nodiscard]] std::string EtagOf(const std::string& key) const;
  [[nodiscard]] const std::deque<Write>& writes() const { return writes_; }
  // One that was acknowledged and may be repeated, or null.
  Write* AnyAcknowledged();

 private:
  void CheckAnswer(const Write& write);

  Plant& plant_;
  Checks& checks_;
  std::deque<Write> writes_;
  std::map<std::string, std::int64_t> versions_;
  std::map<std::string, std::string> etags_;
};

}  // namespace lotura::simulation
