#include "tests/simulation/chance.h"

namespace lotura::simulation {

std::uint64_t Chance::Next() {
  state_ += 0x9e3779b97f4a7c15ULL;
  std::uint64_t mixed = state_;
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9ULL;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebULL;
  return mixed ^ (mixed >> 31);
}

std::chrono::microseconds Chance::Span(std::chrono::microseconds least,
                                       std::chrono::microseconds most) {
  const auto width = static_cast<std::uint64_t>((most - least).count()) + 1;
  return least + std::chrono::microseconds(Below(width));
}

}  // namespace lotura::simulation
