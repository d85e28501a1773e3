#include "libs/rpc/conversation.h"

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/generic/generic_stub.h>

#include <array>

#include "libs/base/errors.h"
#include "libs/rpc/message_bytes.h"
#include "libs/rpc/wire_status.h"

namespace lotura::rpc {
namespace {

// The operations of the stream, of each of which one is under way at most.
enum class Operation : std::size_t { kStart, kWrite, kRead, kFinish };
constexpr std::size_t kOperations = 4;

}  // namespace

struct Conversation::State {
  enum class Phase { kNone, kPending, kDone, kFailed };

  explicit State(const std::shared_ptr<grpc::Channel>& channel) : stub(channel) {}

  void* TagOf(Operation operation) { return &phases[static_cast<std::size_t>(operation)]; }
  Phase& PhaseOf(Operation operation) { return phases[static_cast<std::size_t>(operation)]; }
  void* Begin(Operation operation) {
    PhaseOf(operation) = Phase::kPending;
    return TagOf(operation);
  }

  // Whether the operation ended, and if so, well.
  absl::StatusOr<bool> Await(Operation operation, Deadline deadline) {
    while (PhaseOf(operation) == Phase::kPending) {
      void* tag = nullptr;
      bool ok = false;
      const auto until = std::chrono::system_clock::now() + deadline.Left();
      if (queue.AsyncNext(&tag, &ok, until) != grpc::CompletionQueue::GOT_EVENT)
        return DeadlineExceeded("no message came in time");
      *static_cast<Phase*>(tag) = ok ? Phase::kDone : Phase::kFailed;
    }
    return PhaseOf(operation) == Phase::kDone;
  }

  // FAILED_PRECONDITION after a write that was given up: gRPC takes one at a time.
  absl::Status MayWrite() {
    if (PhaseOf(Operation::kWrite) != Phase::kPending) return absl::OkStatus();
    return FailedPrecondition("WRITE_PENDING", "a message was not taken in time");
  }

  // The server's status, once nothing can be read any more.
  absl::Status End(Deadline deadline) {
    if (PhaseOf(Operation::kFinish) == Phase::kNone)
      stream->Finish(&status, Begin(Operation::kFinish));
    LOTURA_RETURN_IF_ERROR(Await(Operation::kFinish, deadline).status());
    return FromWire(
        {static_cast<int>(status.error_code()), status.error_message(), status.error_details()});
  }

  grpc::GenericStub stub;
  grpc::ClientContext context;
  grpc::CompletionQueue queue;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> stream;
  std::array<Phase, kOperations> phases{};
  grpc::ByteBuffer incoming;
  grpc::Status status;
};

Conversation::Conversation(const std::shared_ptr<grpc::Channel>& channel, const std::string& method,
                           const std::string& bearer)
    : state_(std::make_unique<State>(channel)) {
  if (!bearer.empty()) state_->context.AddMetadata("authorization", "Bearer " + bearer);
  state_->stream = state_->stub.PrepareCall(&state_->context, "/" + method, &state_->queue);
  state_->stream->StartCall(state_->Begin(Operation::kStart));
}

Conversation::~Conversation() {
  state_->context.TryCancel();
  state_->queue.Shutdown();
  // A call that is canceled ends each of its operations.
  void* tag = nullptr;
  bool ok = false;
  while (state_->queue.Next(&tag, &ok)) {
  }
}

absl::Status Conversation::Write(const google::protobuf::Message& message, Deadline deadline) {
  LOTURA_ASSIGN_OR_RETURN(bool open, state_->Await(Operation::kStart, deadline));
  if (open) {
    LOTURA_RETURN_IF_ERROR(state_->MayWrite());
    // What ToBytes goes by.
    message.ByteSizeLong();
    state_->stream->Write(ToBytes(message), state_->Begin(Operation::kWrite));
    LOTURA_ASSIGN_OR_RETURN(open, state_->Await(Operation::kWrite, deadline));
  }
  if (open) return absl::OkStatus();
  LOTURA_RETURN_IF_ERROR(state_->End(deadline));
  return FailedPrecondition("STREAM_OVER", "the server has ended the stream");
}

absl::Status Conversation::CloseWrites(Deadline deadline) {
  LOTURA_ASSIGN_OR_RETURN(const bool open, state_->Await(Operation::kStart, deadline));
  if (!open) return state_->End(deadline);
  LOTURA_RETURN_IF_ERROR(state_->MayWrite());
  state_->stream->WritesDone(state_->Begin(Operation::kWrite));
  return state_->Await(Operation::kWrite, deadline).status();
}

absl::StatusOr<bool> Conversation::Read(google::protobuf::Message& message, Deadline deadline) {
  LOTURA_ASSIGN_OR_RETURN(bool open, state_->Await(Operation::kStart, deadline));
  if (open) {
    if (state_->PhaseOf(Operation::kRead) == State::Phase::kNone)
      state_->stream->Read(&state_->incoming, state_->Begin(Operation::kRead));
    LOTURA_ASSIGN_OR_RETURN(open, state_->Await(Operation::kRead, deadline));
  }
  if (!open) {
    LOTURA_RETURN_IF_ERROR(state_->End(deadline));
    return false;
  }
  state_->PhaseOf(Operation::kRead) = State::Phase::kNone;
  grpc::Slice slice;
  state_->incoming.DumpToSingleSlice(&slice);
  if (!message.ParseFromArray(slice.begin(), static_cast<int>(slice.size())))
    return Internal("an answer is not of the method's type");
  return true;
}

}  // namespace lotura::rpc
