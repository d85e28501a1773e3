// Runs a use case and commits what it changed, once, whatever happens on the way.
#pragma once

#include "libs/resource/changes.h"
#include "libs/resource/combiner.h"

namespace lotura::resource {

// A call that writes, and how to go on with it: both functions are called from any thread.
struct WriteCall {
  std::shared_ptr<const Call> call;
  // May have the fields request_id and validate_only.
  std::shared_ptr<const pbuf::Message> request;
  // Called once.
  std::function<void(absl::StatusOr<std::shared_ptr<const pbuf::Message>>)> reply;
  // Runs a step on a thread that may block; must not run it before it returns while the caller
  // holds a lock.
  std::function<void(std::function<void()> step)> resume;
};

// Thread-safe.
class UnitOfWork {
 public:
  UnitOfWork(EngineParts parts, Combiner& combiner) : parts_(parts), combiner_(combiner) {}

  using MessagePtr = std::shared_ptr<const pbuf::Message>;
  using Body = std::function<absl::StatusOr<MessagePtr>(Changes&)>;

  // Runs the body and returns; no thread waits for the commit. A request that was committed before
  // is answered with its first answer. With validate_only nothing is written, and the answer is
  // what a write would be answered with now. `body` runs again, in a step that is resumed, when a
  // record that it changes was changed by others meanwhile: it must not change anything but its
  // argument, and owns what it needs. Of records that it only reads, nothing is promised beyond the
  // moment of reading. `response` is an empty message of the type that the body returns; it
  // outlives the call. `known` is what was just read from the store; it serves the first run.
  void Start(WriteCall call, const pbuf::Message& response, Body body, ReadRecords known = {});

  // The same on the calling thread, which waits: for whoever is no call of the door. When the
  // call's deadline passes without an answer it is DEADLINE_EXCEEDED, and the write may be made all
  // the same.
  absl::StatusOr<MessagePtr> RunHere(const Call& call, const pbuf::Message& response,
                                     const Body& body);

  [[nodiscard]] const EngineParts& parts() const { return parts_; }

 private:
  const EngineParts parts_;
  Combiner& combiner_;
};

}  // namespace lotura::resource
