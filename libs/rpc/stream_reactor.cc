#include "libs/rpc/stream_reactor.h"

#include "libs/base/errors.h"
#include "libs/base/limits.h"
#include "libs/rpc/arrival.h"
#include "libs/rpc/fence.h"
#include "libs/rpc/message_bytes.h"
#include "libs/rpc/pipeline.h"

namespace lotura::rpc {

StreamReactor* StreamReactor::Open(Pipeline& pipeline, const Method& method,
                                   const Arrival& arrival) {
  const auto reactor = std::make_shared<StreamReactor>(pipeline, method);
  reactor->self_ = reactor;
  reactor->Begin(arrival);
  return reactor.get();
}

void StreamReactor::Admitted() {
  const auto& handler = std::get<StreamHandler>(method().handler);
  const std::shared_ptr<StreamReactor> self =
      std::static_pointer_cast<StreamReactor>(shared_from_this());
  auto opened = Fenced(pipeline().log(), *call(), [&] { return handler(call(), self); });
  if (!opened.ok()) {
    Answer(opened.status());
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    session_ = *std::move(opened);
    read_wanted_ = true;
    ReadNext();
    if (!done_) return;
  }
  // The client left while the session was opened.
  Close();
}

std::shared_ptr<StreamSession> StreamReactor::session() {
  const std::lock_guard lock(mutex_);
  return session_;
}

void StreamReactor::Notify(Notice notice) {
  const auto told = session();
  if (told == nullptr) return;
  const absl::Status fence = Fenced(pipeline().log(), *call(), [&] {
    ((*told).*notice)();
    return absl::OkStatus();
  });
  if (!fence.ok()) Answer(fence);
}

void StreamReactor::Close() {
  Notify(&StreamSession::OnEnd);
  const std::lock_guard lock(mutex_);
  session_.reset();
}

Stream::Wrote StreamReactor::Write(std::shared_ptr<const pbuf::Message> message) {
  const std::size_t bytes = message->ByteSizeLong();
  if (bytes > pipeline().message_bytes_max()) {
    Answer(ResponseTooLarge(pipeline().message_bytes_max()));
    return Wrote::kEnded;
  }
  const std::lock_guard lock(mutex_);
  if (end_.has_value()) return Wrote::kEnded;
  if (queue_.size() >= kQueueMax || (!queue_.empty() && queued_bytes_ + bytes > kQueueBytesMax)) {
    was_full_ = true;
    return Wrote::kFull;
  }
  Queue(std::move(message), bytes);
  WriteNext();
  return Wrote::kQueued;
}

void StreamReactor::Queue(std::shared_ptr<const pbuf::Message> message, std::size_t bytes) {
  bool held = false;
  if (Witness* const witness = pipeline().witness(); witness != nullptr) {
    const std::uint64_t number = first_number_ + queue_.size();
    held = !witness->MayLeave(method(), *call(), *message,
                              [self = std::static_pointer_cast<StreamReactor>(shared_from_this()),
                               number](const absl::Status& may) { self->Leave(number, may); });
  }
  queue_.push_back({.message = std::move(message), .held = held});
  queued_bytes_ += bytes;
}

void StreamReactor::Leave(std::uint64_t number, const absl::Status& may) {
  if (!may.ok()) Answer(may);
  const std::lock_guard lock(mutex_);
  // The queue may have been dropped, by that answer for one.
  if (number < first_number_ || number - first_number_ >= queue_.size()) return;
  if (may.ok()) {
    queue_[number - first_number_].held = false;
    WriteNext();
    return;
  }
  // The session had ended the stream well, behind a message that does not leave.
  end_ = may;
  DropQueue();
  FinishIfIdle();
}

void StreamReactor::PauseReading() {
  const std::lock_guard lock(mutex_);
  reading_paused_ = true;
}

void StreamReactor::ResumeReading() {
  const std::lock_guard lock(mutex_);
  reading_paused_ = false;
  ReadNext();
}

void StreamReactor::Finish(const absl::Status& status) {
  if (status.ok()) {
    Answer(std::shared_ptr<const pbuf::Message>());
  } else {
    Answer(status);
  }
}

void StreamReactor::Send(const absl::Status& status, std::shared_ptr<const pbuf::Message>) {
  const std::lock_guard lock(mutex_);
  // A message that may not leave may have ended the stream between the answer and here.
  if (!end_.has_value()) end_ = status;
  // What was written before a successful end is still delivered; an error overtakes it.
  if (!status.ok()) DropQueue();
  FinishIfIdle();
}

void StreamReactor::WriteNext() {
  if (writing_ || queue_.empty() || queue_.front().held) return;
  outgoing_ = ToBytes(*queue_.front().message);
  queued_bytes_ -= outgoing_.Length();
  queue_.pop_front();
  ++first_number_;
  writing_ = true;
  method().metrics.sent.Add();
  StartWrite(&outgoing_);
}

bool StreamReactor::HasRoom() const {
  return queue_.size() < kQueueMax / 2 && queued_bytes_ < kQueueBytesMax / 2;
}

void StreamReactor::DropQueue() {
  first_number_ += queue_.size();
  queue_.clear();
  queued_bytes_ = 0;
}

void StreamReactor::ReadNext() {
  if (!read_wanted_ || reading_paused_ || end_.has_value() || !HasRoom()) return;
  read_wanted_ = false;
  StartRead(&incoming_);
}

void StreamReactor::FinishIfIdle() {
  if (!end_.has_value() || writing_ || !queue_.empty() || finished_) return;
  finished_ = true;
  grpc::ServerGenericBidiReactor::Finish(ToGrpc(*end_, method().domain));
}

void StreamReactor::OnReadDone(bool ok) {
  if (answered()) return;
  if (!ok) {
    Notify(&StreamSession::OnHalfClose);
    return;
  }
  method().metrics.received.Add();
  auto message = ParseRequest(*method().request_prototype, std::move(incoming_),
                              pipeline().message_bytes_max());
  if (!message.ok()) {
    // Before the client knows: what the session holds is free for his next call.
    Close();
    Answer(message.status());
    return;
  }
  const auto told = session();
  const absl::Status fence = Fenced(pipeline().log(), *call(), [&] {
    told->OnMessage(*std::move(message));
    return absl::OkStatus();
  });
  if (!fence.ok()) Answer(fence);
  const std::lock_guard lock(mutex_);
  read_wanted_ = true;
  ReadNext();
}

void StreamReactor::OnWriteDone(bool ok) {
  bool room = false;
  {
    const std::lock_guard lock(mutex_);
    writing_ = false;
    if (!ok) DropQueue();
    WriteNext();
    FinishIfIdle();
    ReadNext();
    room = was_full_ && HasRoom() && !end_.has_value();
    if (room) was_full_ = false;
  }
  if (room) Notify(&StreamSession::OnRoom);
}

void StreamReactor::OnCancel() {
  Cancel();
  // Of a stream that had ended already: nobody waits for the rest.
  const std::lock_guard lock(mutex_);
  DropQueue();
  FinishIfIdle();
}

void StreamReactor::OnDone() {
  {
    const std::lock_guard lock(mutex_);
    done_ = true;
  }
  Close();
  self_.reset();
}

}  // namespace lotura::rpc
