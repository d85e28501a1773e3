// Who is told of every answer before it leaves: the seam between the door and the log of reads.
#pragma once

#include <absl/status/status.h>

#include <functional>

#include "libs/base/call.h"
#include "libs/rpc/method.h"

namespace lotura::rpc {

// Thread-safe.
class Witness {
 public:
  // Called once, from any thread but the one that asks, and not before it is answered: the answer
  // may leave, or is kept back for this reason.
  using Leave = std::function<void(absl::Status)>;

  virtual ~Witness() = default;

  // Takes note of an answer of `method`, or of a message of its stream, with which all is well.
  // True if it may leave at once; otherwise `leave` will be called. Never blocks.
  virtual bool MayLeave(const Method& method, const Call& call, const pbuf::Message& answer,
                        Leave leave) = 0;
};

}  // namespace lotura::rpc
