#include "libs/observe/fence.h"

#include <array>
#include <cstdint>

#include "libs/base/crypto.h"
#include "libs/base/hex.h"

namespace lotura::observe {

std::string NewErrorId() {
  std::array<std::uint8_t, 8> id{};
  RandomBytes(id);
  return ToHex(id);
}

}  // namespace lotura::observe
