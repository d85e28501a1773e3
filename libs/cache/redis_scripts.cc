#include "libs/cache/redis_scripts.h"

#include <openssl/evp.h>

#include <array>

#include "libs/base/check.h"
#include "libs/base/hex.h"

namespace lotura::cache {

Script MakeScript(std::string text) {
  std::array<std::uint8_t, 20> digest{};
  unsigned int size = 0;
  LOTURA_CHECK(EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(), nullptr) ==
               1);
  LOTURA_CHECK(size == digest.size());
  return {std::move(text), ToHex(digest)};
}

const Script& ReplaceByLease() {
  static const Script kScript = MakeScript(R"(
local held = redis.call('GET', KEYS[1])
if held ~= false and held ~= ARGV[1] then
  return held
end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return false
)");
  return kScript;
}

const Script& FillUnderLease() {
  static const Script kScript = MakeScript(R"(
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1
)");
  return kScript;
}

const Script& KeepLargest() {
  static const Script kScript = MakeScript(R"(
local held = redis.call('GET', KEYS[1])
if held == false or (tonumber(held) or 0) < tonumber(ARGV[1]) then
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
end
return 1
)");
  return kScript;
}

}  // namespace lotura::cache
