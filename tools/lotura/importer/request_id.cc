#include "tools/lotura/importer/request_id.h"

#include <fmt/format.h>

#include <algorithm>

#include "libs/base/crypto.h"
#include "libs/base/uuid.h"

namespace lotura::importer {

std::string RequestId(const RequestOrigin& origin) {
  // Each part goes with its length, so that no two lists of parts look alike.
  std::string text = "lotura import 1";
  const auto add = [&text](std::string_view part) {
    text += fmt::format(" {}:{}", part.size(), part);
  };
  add(origin.mapping);
  add(origin.file);
  add(origin.step);
  for (const std::string& key : origin.keys) add(key);
  add(origin.content);
  const Sha256Digest digest = Sha256(text);
  Uuid uuid;
  std::copy_n(digest.begin(), uuid.bytes.size(), uuid.bytes.begin());
  uuid.bytes[6] = static_cast<std::uint8_t>((uuid.bytes[6] & 0x0F) | 0x80);
  uuid.bytes[8] = static_cast<std::uint8_t>((uuid.bytes[8] & 0x3F) | 0x80);
  return uuid.ToString();
}

}  // namespace lotura::importer
