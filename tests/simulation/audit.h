// What must hold of everything that was written, published and handled.
#pragma once

#include "tests/simulation/ledger.h"
#include "tests/simulation/nemesis.h"

namespace lotura::simulation {

// True when nothing is left of any call, and all that was committed has been published and handled
// and the relay's cursor says so.
bool IsDrained(Plant& plant, Crew& crew);

// When all is drained. Shares nothing with those who wrote but the journal.
class Audit {
 public:
  Audit(Plant& plant, const Ledger& ledger, Checks& checks)
      : plant_(plant), ledger_(ledger), checks_(checks) {}

  void Run();

 private:
  void CheckWrites();
  void CheckWrite(const Write& write);
  void CheckCauses();
  void CheckVersions();
  void CheckHolders();
  void CheckTopic();
  void CheckEffects();
  void CheckProjection();

  Plant& plant_;
  const Ledger& ledger_;
  Checks& checks_;
};

}  // namespace lotura::simulation
