// The two steps of the protocol that Redis must do as one. Each touches a single key.
#pragma once

#include <string>

namespace lotura::cache {

struct Script {
  std::string text;
  // By which EVALSHA names it.
  std::string sha1;
};

// KEYS[1]; ARGV: what the caller saw there (empty: nothing), the lease it proposes, its life in
// milliseconds. Puts the lease in place of what was seen and returns what stands there then.
const Script& TakeLease();

// KEYS[1]; ARGV: the lease, the entry, its life in milliseconds. Puts the entry in place of the
// lease. 1 if done.
const Script& FillUnderLease();

}  // namespace lotura::cache
