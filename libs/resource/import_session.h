// An import as it comes in: a stream of chunks, each of which is answered.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>

#include "libs/resource/import_chunk.h"
#include "libs/resource/imports.h"
#include "libs/rpc/method.h"
#include "libs/rpc/stream.h"

namespace lotura::resource {

// Chunks are prepared side by side and committed one after the other, in the order in which they
// came. The first one that fails as a whole ends the stream with its error; what was committed
// before stays.
class ImportSession final : public rpc::StreamSession,
                            public std::enable_shared_from_this<ImportSession> {
 public:
  // The imports outlive the stream.
  ImportSession(std::shared_ptr<const ImportMethod> method, Imports& imports,
                std::shared_ptr<const Call> call, std::shared_ptr<rpc::Stream> stream);

  // Takes a place among the imports. RESOURCE_EXHAUSTED TOO_MANY_IMPORTS.
  absl::Status Enter();

  void OnMessage(std::unique_ptr<pbuf::Message> message) override;
  void OnHalfClose() override;
  void OnRoom() override;
  void OnEnd() override;

 private:
  using ResultPtr = ImportChunk::ResultPtr;

  // All of these are called with the lock held.
  absl::Status Follows(const ChunkHead& head) const;
  void End(const absl::Status& why);
  // Gives its place among the open imports to another one.
  void Leave();
  void SendUnsent();
  void FinishIfDone();

  void EndIfSilent(Deadline::Point now);
  // Runs a chunk, `turn` says after how many others.
  void Run(std::uint64_t turn, ImportChunk& chunk);
  absl::StatusOr<ResultPtr> ResultOf(std::uint64_t turn, ImportChunk& chunk);
  // Until one of the counts below has come to all chunks before. False if the stream is over.
  bool Await(const std::uint64_t& count, std::uint64_t turn);
  [[nodiscard]] bool IsDecided(std::uint64_t turn);
  // The rows are written: the next chunk may write its own.
  void PassTurn(std::uint64_t turn);
  void Count(const ImportChunk& chunk, const ResultPtr& result, double seconds) const;

  // Shared with the handler, which may end while chunks are under way.
  const std::shared_ptr<const ImportMethod> method_;
  Imports& imports_;
  const std::shared_ptr<const Call> call_;  // shared with the stream

  std::mutex mutex_;  // guards everything below
  std::condition_variable turned_;
  // Shared with the transport; harmless after its end.
  const std::shared_ptr<rpc::Stream> stream_;
  std::optional<std::uint64_t> place_;
  std::optional<ChunkHead> last_;
  Deadline::Point last_heard_;
  // How many chunks came, of how many the rows are written, and how many of them have been decided:
  // caches know of them, and their results stand. A chunk that writes nothing is written when it is
  // decided.
  std::uint64_t came_ = 0;
  std::uint64_t written_ = 0;
  std::uint64_t decided_ = 0;
  // Results that the transport has not taken; the rest of what came is under way.
  std::deque<ResultPtr> unsent_;
  std::uint64_t sent_ = 0;
  bool half_closed_ = false;
  bool over_ = false;
};

// Serves the method; everything outlives the handler.
rpc::StreamHandler ImportHandler(const pbuf::MethodDescriptor& method, const RecordType& type,
                                 Imports& imports);

}  // namespace lotura::resource
