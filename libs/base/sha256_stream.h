// SHA-256 of what comes piece by piece.
#pragma once

#include <memory>
#include <string_view>

#include "libs/base/crypto.h"

namespace lotura {

// Used by one thread.
class Sha256Stream {
 public:
  Sha256Stream();
  ~Sha256Stream();
  Sha256Stream(const Sha256Stream&) = delete;
  Sha256Stream& operator=(const Sha256Stream&) = delete;

  void Add(std::string_view piece);
  // Of all pieces. Called once, at the end.
  Sha256Digest Finish();

 private:
  struct State;
  const std::unique_ptr<State> state_;
};

}  // namespace lotura
