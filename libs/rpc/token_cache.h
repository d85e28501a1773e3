// Tokens that were verified a moment ago.
#pragma once

#include <cstdint>
#include <cstring>
#include <list>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "libs/base/clock.h"
#include "libs/base/crypto.h"
#include "libs/rpc/authenticator.h"

namespace lotura::rpc {

// Least recently used entries leave first. Thread-safe.
class TokenCache {
 public:
  explicit TokenCache(std::size_t size_max) : size_max_(size_max) {}

  // Null if the token is not known any more at `now`.
  PrincipalPtr Find(const Sha256Digest& token, Instant now);
  // `epoch` is what epoch() said before the token was verified: what was verified with keys that
  // are gone does not enter.
  void Put(const Sha256Digest& token, PrincipalPtr principal, Instant until, std::uint64_t epoch);
  [[nodiscard]] std::uint64_t epoch() const;
  void Clear();

 private:
  struct Entry {
    Sha256Digest token;
    PrincipalPtr principal;
    Instant until;
  };
  struct Hash {
    std::size_t operator()(const Sha256Digest& digest) const {
      std::size_t hash = 0;
      std::memcpy(&hash, digest.data(), sizeof hash);
      return hash;
    }
  };

  const std::size_t size_max_;
  mutable std::mutex mutex_;  // guards the members below
  std::list<Entry> entries_;  // the most recently used one first
  std::unordered_map<Sha256Digest, std::list<Entry>::iterator, Hash> by_token_;
  std::uint64_t epoch_ = 0;
};

}  // namespace lotura::rpc
