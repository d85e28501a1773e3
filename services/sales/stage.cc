#include "services/sales/stage.h"

namespace lotura::sales {
namespace {

absl::Status Derive(resource::Changes& /*changes*/, const v1::Stage* /*before*/, v1::Stage& after) {
  if (after.kind() == v1::Stage::KIND_WON) {
    after.set_win_probability(100);
  } else if (after.kind() == v1::Stage::KIND_LOST || !after.has_win_probability()) {
    after.set_win_probability(0);
  }
  return absl::OkStatus();
}

}  // namespace

resource::Rules<v1::Stage> StageRules() { return {.derive = Derive}; }

}  // namespace lotura::sales
