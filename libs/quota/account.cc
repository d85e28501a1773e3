#include "libs/quota/account.h"

#include "libs/base/crypto.h"

namespace lotura::quota {
namespace {

// More than any name that tokens have.
constexpr std::size_t kNameMax = 128;
// No name begins so.
constexpr char kDigested[] = "#";

std::string DigestOf(std::string_view name) {
  // Nobody is a caller without a name, and the empty key is the tenant's.
  if (!name.empty() && name.size() <= kNameMax && !name.starts_with(kDigested)) return {};
  return kDigested + ToHex(Sha256(name));
}

}  // namespace

CallerKey::CallerKey(std::string_view name) : name_(name), digest_(DigestOf(name)) {}

}  // namespace lotura::quota
