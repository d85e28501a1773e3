#include "libs/base/check.h"

#include <cstdio>
#include <cstdlib>

namespace lotura {

void CheckFailed(const char* condition, const char* file, int line) {
  std::fprintf(stderr,
               "{\"level\":\"fatal\",\"message\":\"broken "
               "invariant\",\"condition\":\"%s\",\"at\":\"%s:%d\"}\n",
               condition, file, line);
  std::fflush(stderr);
  std::abort();
}

}  // namespace lotura
