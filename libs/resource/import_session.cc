#include "libs/resource/import_session.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "libs/rpc/fence.h"

namespace lotura::resource {
namespace {

absl::Status Over() { return Aborted("IMPORT_OVER", "nobody waits for the chunk any more"); }

}  // namespace

ImportSession::ImportSession(std::shared_ptr<const ImportMethod> method, Imports& imports,
                             std::shared_ptr<const Call> call, std::shared_ptr<rpc::Stream> stream)
    : method_(std::move(method)),
      imports_(imports),
      call_(std::move(call)),
      stream_(std::move(stream)),
      last_heard_(std::chrono::steady_clock::now()) {}

absl::Status ImportSession::Enter() {
  const auto look = [weak = weak_from_this()](Deadline::Point now) {
    if (const auto session = weak.lock()) session->EndIfSilent(now);
  };
  LOTURA_ASSIGN_OR_RETURN(const std::uint64_t place, imports_.Enter(call_->principal.tenant, look));
  const std::lock_guard lock(mutex_);
  place_ = place;
  return absl::OkStatus();
}

void ImportSession::OnMessage(std::unique_ptr<pbuf::Message> message) {
  const auto head = method_->HeadOf(*message);
  const std::lock_guard lock(mutex_);
  if (over_) return;
  const absl::Status status = head.ok() ? Follows(*head) : head.status();
  if (!status.ok()) {
    End(status);
    return;
  }
  last_ = *head;
  last_heard_ = std::chrono::steady_clock::now();
  const std::uint64_t turn = came_++;
  if (came_ - sent_ >= imports_.limits().chunks_max) stream_->PauseReading();
  Call own = *call_;
  own.now = imports_.parts().clock.Now();
  own.deadline = call_->deadline.AtMost(imports_.limits().chunk);
  // Shared, since a function that can be copied holds it.
  const auto chunk = std::make_shared<ImportChunk>(
      *method_, *head, std::make_shared<const Call>(std::move(own)), std::move(message));
  imports_.Submit([self = shared_from_this(), turn, chunk] { self->Run(turn, *chunk); });
}

absl::Status ImportSession::Follows(const ChunkHead& head) const {
  if (!last_.has_value()) return absl::OkStatus();
  Violations violations;
  if (head.import_id != last_->import_id)
    violations.Add("import_id", "IMPORT_ID_INVALID",
                   "is another one than that of the chunk before");
  if (head.position != last_->position + 1) {
    violations.Add("position", "POSITION_INVALID",
                   fmt::format("is not {}, which comes next", last_->position + 1));
  }
  return violations.ToStatus();
}

void ImportSession::OnHalfClose() {
  const std::lock_guard lock(mutex_);
  half_closed_ = true;
  FinishIfDone();
}

void ImportSession::OnRoom() {
  const std::lock_guard lock(mutex_);
  SendUnsent();
}

void ImportSession::OnEnd() {
  const std::lock_guard lock(mutex_);
  over_ = true;
  unsent_.clear();
  turned_.notify_all();
  Leave();
}

void ImportSession::EndIfSilent(Deadline::Point now) {
  const std::lock_guard lock(mutex_);
  const bool is_under_way = decided_ != came_;
  if (over_ || is_under_way || now - last_heard_ < imports_.limits().silence) return;
  End(Aborted(
      "IMPORT_SILENT",
      "no chunk came, and no result was taken, for too long; go on with the next position"));
}

void ImportSession::Run(std::uint64_t turn, ImportChunk& chunk) {
  const auto began = std::chrono::steady_clock::now();
  const absl::StatusOr<ResultPtr> result =
      rpc::Fenced(imports_.parts().log, *call_, [&] { return ResultOf(turn, chunk); });
  if (result.ok()) {
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
    Count(chunk, *result, took.count());
  }
  Await(decided_, turn);
  const std::lock_guard lock(mutex_);
  written_ = std::max(written_, ++decided_);
  last_heard_ = std::chrono::steady_clock::now();
  turned_.notify_all();
  if (over_) return;
  if (!result.ok()) {
    End(result.status());
    return;
  }
  unsent_.push_back(*result);
  SendUnsent();
}

absl::StatusOr<ImportSession::ResultPtr> ImportSession::ResultOf(std::uint64_t turn,
                                                                 ImportChunk& chunk) {
  const bool at_once = IsDecided(turn);
  absl::Status prepared = chunk.Prepare();
  if (!Await(written_, turn)) return Over();
  if (!at_once && prepared.ok() && chunk.DependsOnWhatWasStored()) {
    if (!Await(decided_, turn)) return Over();
    prepared = chunk.Prepare();
  }
  LOTURA_RETURN_IF_ERROR(prepared);
  return chunk.Commit([this, turn] { PassTurn(turn); });
}

// Whoever has an earlier turn has begun before: threads take up chunks in order.
bool ImportSession::Await(const std::uint64_t& count, std::uint64_t turn) {
  std::unique_lock lock(mutex_);
  turned_.wait(lock, [&] { return over_ || count >= turn; });
  return !over_;
}

bool ImportSession::IsDecided(std::uint64_t turn) {
  const std::lock_guard lock(mutex_);
  return decided_ >= turn;
}

void ImportSession::PassTurn(std::uint64_t turn) {
  const std::lock_guard lock(mutex_);
  written_ = turn + 1;
  turned_.notify_all();
}

void ImportSession::Count(const ImportChunk& chunk, const ResultPtr& result, double seconds) const {
  const auto& rows = static_cast<const ImportChunk::Result&>(*result);
  const ImportMetrics& metrics = imports_.metrics();
  if (chunk.IsReplayed()) {
    metrics.repeated.Add(rows.rows_size());
  } else if (chunk.IsOnlyTried()) {
    metrics.tried.Add(rows.rows_size());
  } else {
    metrics.Committed(rows);
    metrics.chunk_seconds.Observe(seconds);
    if (imports_.parts().committed) imports_.parts().committed();
  }
}

void ImportSession::SendUnsent() {
  while (!unsent_.empty() && stream_->Write(unsent_.front()) == rpc::Stream::Wrote::kQueued) {
    unsent_.pop_front();
    ++sent_;
    last_heard_ = std::chrono::steady_clock::now();
  }
  if (came_ - sent_ < imports_.limits().chunks_max) stream_->ResumeReading();
  FinishIfDone();
}

void ImportSession::FinishIfDone() {
  if (half_closed_ && sent_ == came_ && !over_) End(absl::OkStatus());
}

void ImportSession::End(const absl::Status& why) {
  over_ = true;
  unsent_.clear();
  turned_.notify_all();
  // Before the caller knows: whoever was answered may begin the next one.
  Leave();
  stream_->Finish(why);
}

void ImportSession::Leave() {
  if (const auto place = std::exchange(place_, std::nullopt)) imports_.Leave(*place);
}

rpc::StreamHandler ImportHandler(const pbuf::MethodDescriptor& method, const RecordType& type,
                                 Imports& imports) {
  // Shared by the copies of the handler, and by sessions.
  const auto import = std::make_shared<const ImportMethod>(method, type, imports.parts().engine);
  return [import, &imports](std::shared_ptr<const Call> call, std::shared_ptr<rpc::Stream> stream)
             -> absl::StatusOr<std::shared_ptr<rpc::StreamSession>> {
    const auto session =
        std::make_shared<ImportSession>(import, imports, std::move(call), std::move(stream));
    LOTURA_RETURN_IF_ERROR(session->Enter());
    return session;
  };
}

}  // namespace lotura::resource
