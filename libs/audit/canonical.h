// The one sequence of bytes that stands for some values, to be hashed.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "libs/base/crypto.h"

namespace lotura::audit {

// No two lists of values have the same bytes: each text follows its length, and all numbers have 8
// bytes, the highest first.
class Canonical {
 public:
  // `what` keeps apart what has the same values and is something else.
  explicit Canonical(std::string_view what) { Text(what); }

  Canonical& Text(std::string_view text);
  Canonical& Number(std::int64_t number);
  Canonical& Texts(std::span<const std::string> texts);

  [[nodiscard]] Sha256Digest Digest() const { return Sha256(bytes_); }

 private:
  std::string bytes_;
};

// The bytes of a digest, as they are stored.
std::string ToBytes(const Sha256Digest& digest);

}  // namespace lotura::audit
