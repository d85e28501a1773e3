// UUIDs and where new ones come from.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "libs/base/clock.h"

namespace lotura {

struct Uuid {
  std::array<std::uint8_t, 16> bytes{};

  // Accepts the canonical form of 36 characters, in upper or lower case.
  static std::optional<Uuid> Parse(std::string_view text);
  [[nodiscard]] std::string ToString() const;

  friend auto operator<=>(const Uuid&, const Uuid&) = default;
};

// The tenant that a record, a call or an event belongs to.
struct TenantId {
  Uuid value;

  friend auto operator<=>(const TenantId&, const TenantId&) = default;
};

// Source of new identifiers. Thread-safe.
class IdSource {
 public:
  virtual ~IdSource() = default;
  // UUID version 7 (RFC 9562, section 5.7): grows with time, so that neighbors in time are
  // neighbors in an index.
  virtual Uuid Next() = 0;
};

class RandomIds final : public IdSource {
 public:
  explicit RandomIds(const Clock& clock) : clock_(clock) {}
  Uuid Next() override;

 private:
  const Clock& clock_;
};

// 26 characters of Crockford's base 32 in lower case, in the order of the bytes.
std::string ToBase32(const Uuid& uuid);

}  // namespace lotura
