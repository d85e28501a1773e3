// Scripts that Redis runs, and the two steps of the cache's protocol that it must do as one. Each
// touches a single key.
#pragma once

#include <string>

namespace lotura::cache {

struct Script {
  std::string text;
  // By which EVALSHA names it.
  std::string sha1;
};

Script MakeScript(std::string text);

// KEYS[1]; ARGV: the bytes that the caller saw there and cannot use, the lease it proposes, its
// life in milliseconds. Puts the lease in their place, or where nothing is. Nil if done, otherwise
// what stands there.
const Script& ReplaceByLease();

// KEYS[1]; ARGV: the lease, the entry, its life in milliseconds. Puts the entry in place of the
// lease. 1 if done.
const Script& FillUnderLease();

// KEYS[1]; ARGV: a number, its life in milliseconds. Puts the number there, unless a larger one
// stands there. 1.
const Script& KeepLargest();

}  // namespace lotura::cache
