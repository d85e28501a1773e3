// Who has a quota: a tenant, or one of his callers.
#pragma once

#include <bit>
#include <compare>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>

#include "libs/base/uuid.h"

namespace lotura::quota {

enum class Subject { kTenant, kCaller };

inline const char* NameOf(Subject subject) {
  return subject == Subject::kTenant ? "tenant" : "caller";
}

struct Account {
  TenantId tenant;
  // As CallerKey has it; empty for the tenant as a whole.
  std::string caller;

  [[nodiscard]] Subject subject() const {
    return caller.empty() ? Subject::kTenant : Subject::kCaller;
  }
  friend auto operator<=>(const Account&, const Account&) = default;
};

// By what a caller is known within his tenant: his name, or a digest of it if it is long, so that a
// name takes no more room than others. Points to the name that it was made of.
class CallerKey {
 public:
  explicit CallerKey(std::string_view name);
  // Of a name that is gone at the end of the line.
  template <std::same_as<std::string> Text>
  explicit CallerKey(Text&& name) = delete;
  CallerKey(const CallerKey&) = delete;
  CallerKey& operator=(const CallerKey&) = delete;

  [[nodiscard]] std::string_view text() const { return digest_.empty() ? name_ : digest_; }

 private:
  const std::string_view name_;
  const std::string digest_;
};

struct TenantHash {
  std::size_t operator()(const TenantId& tenant) const {
    std::uint64_t halves[2];
    std::memcpy(halves, tenant.value.bytes.data(), sizeof halves);
    // Ids begin with the time or end with a number: every bit of them shall count (MurmurHash3).
    std::uint64_t hash = halves[0] ^ std::rotl(halves[1], 29);
    hash = (hash ^ (hash >> 33)) * 0xFF51AFD7ED558CCDULL;
    hash = (hash ^ (hash >> 33)) * 0xC4CEB9FE1A85EC53ULL;
    return hash ^ (hash >> 33);
  }
};

struct AccountHash {
  std::size_t operator()(const Account& account) const {
    return TenantHash()(account.tenant) ^ std::hash<std::string>()(account.caller);
  }
};

}  // namespace lotura::quota
