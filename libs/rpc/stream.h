// Streaming RPCs as a handler sees them: a session is told what the client sends, and writes to a
// stream.
#pragma once

#include <absl/status/status.h>
#include <google/protobuf/message.h>

#include <memory>

namespace lotura::rpc {

namespace pbuf = google::protobuf;

// The way to the client. Thread-safe; usable until the session has seen OnEnd, harmless afterwards.
class Stream {
 public:
  // Messages that wait for the transport; reading from the client pauses while half of them are
  // taken.
  static constexpr std::size_t kQueueMax = 64;
  // Together they are at most so many bytes, unless a single one is larger.
  static constexpr std::size_t kQueueBytesMax = 1 << 20;

  enum class Wrote {
    kQueued,
    kFull,   // not taken: the client reads too slowly; OnRoom tells when there is room again
    kEnded,  // not taken: the stream is over
  };

  virtual ~Stream() = default;
  virtual Wrote Write(std::shared_ptr<const pbuf::Message> message) = 0;
  // Reads nothing from the client until ResumeReading, so that it waits: for a session that works
  // on what it was told. A message that is being read when it is called is still delivered; called
  // from within OnMessage, none is.
  virtual void PauseReading() = 0;
  virtual void ResumeReading() = 0;
  // Ends the stream after what was written before. Only the first end counts.
  virtual void Finish(const absl::Status& status) = 0;
};

// A handler's side of one open stream. OnMessage, OnHalfClose and at last OnEnd are called one
// after the other, OnRoom possibly beside each of them; none may block. The stream keeps the
// session until OnEnd has returned.
class StreamSession {
 public:
  virtual ~StreamSession() = default;
  virtual void OnMessage(std::unique_ptr<pbuf::Message> message) = 0;
  // The client will send no more.
  virtual void OnHalfClose() {}
  // Called after Write answered kFull.
  virtual void OnRoom() {}
  // The stream is over, for whatever reason.
  virtual void OnEnd() {}
};

}  // namespace lotura::rpc
