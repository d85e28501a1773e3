// Uses of rights in programs that trials start: one is left out, if the environment names it.
#include <cstdlib>
#include <cstring>

#include "libs/mutant/use.h"

namespace lotura::mutant {

bool Omits(const char* use) {
  // Nobody changes the environment of these programs while they run.
  // NOLINTNEXTLINE(concurrency-mt-unsafe)
  const char* omitted = std::getenv("OMITTED_USE");
  return omitted != nullptr && std::strcmp(use, omitted) == 0;
}

}  // namespace lotura::mutant
