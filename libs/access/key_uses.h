// Which keys were used, told now and then to all processes.
#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/uuid.h"
#include "libs/cache/moments.h"

namespace lotura::access {

// What is told of a key once is not told again for this long: whoever asks learns of its last use
// so exactly.
inline constexpr std::chrono::hours kUsePrecision{1};

// Thread-safe. Note never waits.
class KeyUses {
 public:
  void Note(const TenantId& tenant, const std::string& token_start, Instant now);
  // Tells of keys that were used since they were last told of, if that is an hour ago. What cannot
  // be told is told the next time. What was told is kept for 410 days.
  void Tell(cache::Moments& moments, Instant now);

  // Under which a use is told.
  static cache::MomentKey KeyOf(const TenantId& tenant, const std::string& token_start);

 private:
  struct Use {
    Instant last;
    std::optional<Instant> told;
  };
  using Key = std::pair<TenantId, std::string>;

  std::mutex mutex_;  // guards uses_
  // At most so many as there are keys that were accepted within two hours.
  std::map<Key, Use> uses_;
};

}  // namespace lotura::access
