#include "tests/simulation/checks.h"

namespace lotura::simulation {
namespace {

constexpr std::array<const char*, kInvariants> kNames = {"acknowledged_is_there",
                                                         "one_transaction",
                                                         "refused_is_not_there",
                                                         "versions_consecutive",
                                                         "no_lost_update",
                                                         "one_holder",
                                                         "same_answer",
                                                         "reads_are_fresh",
                                                         "announced",
                                                         "in_order",
                                                         "one_effect",
                                                         "projection",
                                                         "drains"};

}  // namespace

const char* NameOf(Invariant invariant) { return kNames[static_cast<std::size_t>(invariant)]; }

void Checks::Broken(Invariant invariant, const std::string& how) {
  Held(invariant);
  world_.Violate(fmt::format("{}: {}", NameOf(invariant), how));
}

}  // namespace lotura::simulation
