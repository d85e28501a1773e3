// Broken invariants end the process: a bug is never turned into an answer.
#pragma once

namespace lotura {

[[noreturn]] void CheckFailed(const char* condition, const char* file, int line);

}  // namespace lotura

#define LOTURA_CHECK(condition)                              \
  do {                                                       \
    if (!(condition)) [[unlikely]]                           \
      ::lotura::CheckFailed(#condition, __FILE__, __LINE__); \
  } while (false)
