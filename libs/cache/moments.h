// When something last happened, told to all processes. Never the truth and never required.
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/uuid.h"

namespace lotura::cache {

// Unique within one tenant.
struct MomentKey {
  TenantId tenant;
  std::string name;
};

struct Moment {
  MomentKey key;
  Instant at;
};

enum class Told { kYes, kNotReached };

// Thread-safe. No call fails, and none takes longer than the implementation's bound.
class Moments {
 public:
  virtual ~Moments() = default;

  // Each is kept for `life`. All were told, or some were not.
  virtual Told Tell(std::span<const Moment> moments, std::chrono::seconds life) = 0;
  // In order; nothing of what nothing is known. Nothing at all if the others cannot be reached.
  virtual std::optional<std::vector<std::optional<Instant>>> Look(
      std::span<const MomentKey> keys) = 0;
};

}  // namespace lotura::cache
