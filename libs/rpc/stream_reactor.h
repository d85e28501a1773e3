// A streaming call of gRPC's callback API.
#pragma once

#include <grpcpp/generic/async_generic_service.h>

#include <deque>
#include <memory>
#include <mutex>
#include <optional>

#include "libs/rpc/exchange.h"
#include "libs/rpc/stream.h"

namespace lotura::rpc {

// Carries messages between gRPC and the session of a stream handler, with a bounded queue of
// writes. Lives as UnaryReactor does.
class StreamReactor final : public grpc::ServerGenericBidiReactor, public Exchange, public Stream {
 public:
  static StreamReactor* Open(Pipeline& pipeline, const Method& method, const Arrival& arrival);
  using Exchange::Exchange;

  Wrote Write(std::shared_ptr<const pbuf::Message> message) override;
  void PauseReading() override;
  void ResumeReading() override;
  void Finish(const absl::Status& status) override;

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 protected:
  void Admitted() override;
  // Of a stream its messages are kept, in the queue.
  void Keep(std::shared_ptr<const pbuf::Message> /*message*/) override {}
  void Send(const absl::Status& status, std::shared_ptr<const pbuf::Message> message) override;

 private:
  using Notice = void (StreamSession::*)();
  struct Outgoing {
    std::shared_ptr<const pbuf::Message> message;  // shared with the session that wrote it
    // The witness has not let it leave yet.
    bool held = false;
  };

  // Calls the session, unless there is none.
  void Notify(Notice notice);
  // Tells the session of the end, once, and lets it go.
  void Close();
  [[nodiscard]] std::shared_ptr<StreamSession> session();

  // Lets the message of this number leave, or ends the stream.
  void Leave(std::uint64_t number, const absl::Status& may);

  // All of these are called with the lock held.
  // Queues the message, held until the witness lets it leave.
  void Queue(std::shared_ptr<const pbuf::Message> message, std::size_t bytes);
  [[nodiscard]] bool HasRoom() const;
  void DropQueue();
  // If nothing is being written, and there is something that may leave.
  void WriteNext();
  void ReadNext();
  void FinishIfIdle();

  std::shared_ptr<StreamReactor> self_;  // until gRPC is done with it
  grpc::ByteBuffer incoming_;

  std::mutex mutex_;  // guards the members below, and that gRPC is given one operation at a time
  // Shared with the handler, which may reach its sessions from elsewhere. Reset at the end, which
  // frees both.
  std::shared_ptr<StreamSession> session_;
  std::deque<Outgoing> queue_;
  // Of the first in the queue; messages are counted from 0 on.
  std::uint64_t first_number_ = 0;
  std::size_t queued_bytes_ = 0;
  grpc::ByteBuffer outgoing_;
  bool writing_ = false;
  bool read_wanted_ = false;
  bool reading_paused_ = false;
  bool was_full_ = false;
  bool finished_ = false;
  bool done_ = false;
  std::optional<absl::Status> end_;
};

}  // namespace lotura::rpc
