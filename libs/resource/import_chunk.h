// One chunk of an import: its rows pass the rules of their type and are committed as far as nothing
// is in their way.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "libs/resource/creation.h"
#include "lotura/type/v1/import.pb.h"

namespace lotura::resource {

// Most rows in one chunk.
inline constexpr int kChunkRowsMax = 1000;

// What a chunk says of itself.
struct ChunkHead {
  Uuid import_id;
  std::int64_t position = 0;
};

// One import method of one record type: what it needs, looked up once. Thread-safe.
class ImportMethod {
 public:
  // Everything outlives this object.
  ImportMethod(const pbuf::MethodDescriptor& method, const RecordType& type,
               const EngineParts& parts);

  // INVALID_ARGUMENT naming all that is wrong with the message beside its rows.
  [[nodiscard]] absl::StatusOr<ChunkHead> HeadOf(const pbuf::Message& request) const;

 private:
  friend class ImportChunk;

  const RecordType& type_;
  const EngineParts& parts_;
  const pbuf::FieldDescriptor* const import_id_;
  const pbuf::FieldDescriptor* const position_;
  const pbuf::FieldDescriptor* const validate_only_;
  const pbuf::FieldDescriptor* const requests_;
  const Creation creation_;
  const bool has_references_;
};

// Used by one thread at a time.
class ImportChunk {
 public:
  using Result = type::v1::ImportResult;
  using ResultPtr = std::shared_ptr<const pbuf::Message>;

  // `request` has a good head. The method outlives this object.
  ImportChunk(const ImportMethod& method, const ChunkHead& head, std::shared_ptr<const Call> call,
              std::unique_ptr<const pbuf::Message> request);

  // Applies the rules to every row, unless the chunk was committed before. An error is one of the
  // whole chunk; what is wrong with a row is kept for the answer.
  absl::Status Prepare();
  // True if a row was refused for what was stored at that moment: an earlier chunk that was still
  // under way may have changed it.
  [[nodiscard]] bool DependsOnWhatWasStored() const;
  // Commits the rows that passed, or tries them out, and tells of each row. `written` is called as
  // Chunk::written.
  absl::StatusOr<ResultPtr> Commit(std::function<void()> written);

  // The chunk was committed before: its answer is the first one.
  [[nodiscard]] bool IsReplayed() const { return replayed_ != nullptr; }
  [[nodiscard]] bool IsOnlyTried() const { return validate_only_; }

 private:
  absl::Status FindFirstAnswer();
  absl::Status ReadReferences(ReadRecords& reads) const;
  void PrepareRow(const pbuf::Message& request, ReadRecords& reads);
  absl::Status CreateRow(Changes& changes, const pbuf::Message& request) const;
  // What the client is told, and how that is kept for a repetition.
  struct Told {
    ResultPtr result;
    Answer answer;
  };

  // The result of every row, given what became of those that passed.
  [[nodiscard]] Result ResultOf(const Outcomes& outcomes) const;
  // The same with its answer. RESOURCE_EXHAUSTED if it is too large.
  [[nodiscard]] absl::StatusOr<Told> Tell(const Outcomes& outcomes) const;
  void Fill(const RecordChange& created, type::v1::ImportedRow& row) const;
  void Refuse(const absl::Status& why, type::v1::ImportedRow& row) const;
  absl::StatusOr<ResultPtr> Replay(const Answer& first);

  const ImportMethod& method_;
  const ChunkHead head_;
  const std::shared_ptr<const Call> call_;  // shared with the units
  const std::unique_ptr<const pbuf::Message> request_;
  const bool validate_only_;
  Chunk chunk_;
  // What is wrong with each row; OK for those that are in the chunk.
  std::vector<absl::Status> failures_;
  // If nothing is in the way of the others: made while the chunk before this one is written.
  absl::StatusOr<Told> foreseen_;
  ResultPtr replayed_;
};

}  // namespace lotura::resource
