#include "libs/resource/import_chunk.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "libs/base/check.h"
#include "libs/base/limits.h"
#include "libs/base/names.h"
#include "libs/resource/codec.h"
#include "libs/resource/refusal.h"
#include "libs/resource/repetition.h"
#include "libs/rpc/wire_status.h"

namespace lotura::resource {
namespace {

constexpr std::int64_t kPositionMax = 1'000'000'000;

// A UUID of version 8 (RFC 9562, section 5.8): the same for the same chunk, whenever it is sent.
Uuid IdOfChunk(const Call& call, const ChunkHead& head) {
  const Sha256Digest digest =
      Sha256(fmt::format("{}\n{}\n{}", call.method, head.import_id.ToString(), head.position));
  Uuid id;
  std::copy_n(digest.begin(), id.bytes.size(), id.bytes.begin());
  id.bytes[6] = static_cast<std::uint8_t>((id.bytes[6] & 0x0F) | 0x80);
  id.bytes[8] = static_cast<std::uint8_t>((id.bytes[8] & 0x3F) | 0x80);
  return id;
}

bool AreCommitted(const Outcomes& outcomes) {
  return std::ranges::all_of(outcomes, [](const auto& outcome) {
    return outcome.ok() && outcome->verdict == Verdict::kCommitted;
  });
}

absl::Status PositionReused() {
  return InvalidArgument("position", "POSITION_REUSED",
                         "another chunk was committed at this position of the import");
}

}  // namespace

ImportMethod::ImportMethod(const pbuf::MethodDescriptor& method, const RecordType& type,
                           const EngineParts& parts)
    : type_(type),
      parts_(parts),
      import_id_(method.input_type()->FindFieldByName("import_id")),
      position_(method.input_type()->FindFieldByName("position")),
      validate_only_(method.input_type()->FindFieldByName("validate_only")),
      requests_(method.input_type()->FindFieldByName("requests")),
      creation_(type, *requests_->message_type()),
      has_references_(type.declaration->pattern().HasParent() ||
                      type.declaration->HasReferences()) {}

absl::StatusOr<ChunkHead> ImportMethod::HeadOf(const pbuf::Message& request) const {
  const pbuf::Reflection& reflection = *request.GetReflection();
  Violations violations;
  ChunkHead head;
  const std::string text = reflection.GetString(request, import_id_);
  const auto import_id = Uuid::Parse(text);
  if (text.empty()) {
    violations.Add("import_id", "REQUIRED", "is missing");
  } else if (!import_id.has_value()) {
    violations.Add("import_id", "IMPORT_ID_INVALID", "is not a UUID of 36 characters");
  } else {
    head.import_id = *import_id;
  }
  head.position = reflection.GetInt64(request, position_);
  if (head.position < 0 || head.position > kPositionMax) {
    violations.Add("position", "POSITION_INVALID",
                   fmt::format("is not between 0 and {}", kPositionMax));
  }
  const int rows = reflection.FieldSize(request, requests_);
  if (rows == 0) violations.Add("requests", "REQUIRED", "is empty");
  if (rows > kChunkRowsMax) {
    violations.Add("requests", "TOO_MANY",
                   fmt::format("has {} items, at most {} are allowed", rows, kChunkRowsMax));
  }
  LOTURA_RETURN_IF_ERROR(violations.ToStatus());
  return head;
}

ImportChunk::ImportChunk(const ImportMethod& method, const ChunkHead& head,
                         std::shared_ptr<const Call> call,
                         std::unique_ptr<const pbuf::Message> request)
    : method_(method),
      head_(head),
      call_(std::move(call)),
      request_(std::move(request)),
      validate_only_(IsSet(*request_, method.validate_only_)) {
  chunk_.call = call_;
}

absl::Status ImportChunk::Prepare() {
  chunk_.request.id = IdOfChunk(*call_, head_);
  chunk_.request.hash = HashOf(*call_, *request_);
  chunk_.rows.clear();
  chunk_.encoded.reset();
  failures_.clear();
  if (!validate_only_) {
    LOTURA_RETURN_IF_ERROR(FindFirstAnswer());
    if (IsReplayed()) return absl::OkStatus();
  }
  ReadRecords reads;
  if (method_.has_references_) LOTURA_RETURN_IF_ERROR(ReadReferences(reads));
  const pbuf::Reflection& reflection = *request_->GetReflection();
  const int count = reflection.FieldSize(*request_, method_.requests_);
  for (int i = 0; i < count; ++i)
    PrepareRow(reflection.GetRepeatedMessage(*request_, method_.requests_, i), reads);
  // What hinders reading hinders the whole chunk.
  for (const absl::Status& failure : failures_) {
    if (MayPass(failure) || absl::IsInternal(failure)) return failure;
  }
  if (validate_only_) return absl::OkStatus();
  method_.parts_.store.EncodeRows(chunk_);
  foreseen_ = Tell(Outcomes(chunk_.rows.size(), Outcome()));
  return absl::OkStatus();
}

absl::Status ImportChunk::FindFirstAnswer() {
  LOTURA_ASSIGN_OR_RETURN(const auto stored,
                          method_.parts_.store.FindRequest(call_->principal.tenant,
                                                           chunk_.request.id, call_->deadline));
  if (!stored.has_value()) return absl::OkStatus();
  if (stored->hash != chunk_.request.hash) return PositionReused();
  return Replay(stored->answer).status();
}

// One look-up for each type of record that rows of the chunk refer to.
absl::Status ImportChunk::ReadReferences(ReadRecords& reads) const {
  const RequestShape& shape = method_.creation_.shape();
  const pbuf::Reflection& reflection = *request_->GetReflection();
  const int count = reflection.FieldSize(*request_, method_.requests_);
  std::map<const RecordType*, std::set<std::string>> own;
  std::set<std::string> foreign;
  for (int i = 0; i < count; ++i) {
    const auto& row = reflection.GetRepeatedMessage(*request_, method_.requests_, i);
    auto references = ReferencesOf(row.GetReflection()->GetMessage(row, shape.record));
    for (Reference& reference : references) {
      const RecordType* type = method_.parts_.catalog.FindByType(reference.type);
      if (type != nullptr && type->declaration->pattern().Matches(reference.name)) {
        own[type].insert(std::move(reference.name));
      } else if (reference.type != kAnyType && IsFullName(reference.name)) {
        foreign.insert(std::move(reference.name));
      }
    }
    const std::string parent = TextOf(row, shape.parent);
    if (parent.empty()) continue;
    for (const RecordType& type : method_.parts_.catalog.types()) {
      if (type.declaration->pattern().Matches(parent)) own[&type].insert(parent);
    }
  }
  Changes reader(method_.parts_, *call_, reads);
  for (const auto& [type, names] : own)
    LOTURA_RETURN_IF_ERROR(reader.Prefetch(*type, std::vector(names.begin(), names.end())));
  return reader.PrefetchForeign(std::vector(foreign.begin(), foreign.end()));
}

void ImportChunk::PrepareRow(const pbuf::Message& request, ReadRecords& reads) {
  Changes changes(method_.parts_, *call_, reads);
  failures_.push_back(CreateRow(changes, request));
  if (!failures_.back().ok()) return;
  Unit unit{call_, Request(), changes.Take()};
  // What its journal entries name: all that an import made is found by its id.
  unit.request->id = head_.import_id;
  chunk_.rows.push_back(std::move(unit));
}

absl::Status ImportChunk::CreateRow(Changes& changes, const pbuf::Message& request) const {
  const RequestShape& shape = method_.creation_.shape();
  Violations violations;
  if (!TextOf(request, shape.request_id).empty())
    violations.Add("request_id", "NOT_IN_IMPORT", "is the import's");
  if (IsSet(request, shape.validate_only))
    violations.Add("validate_only", "NOT_IN_IMPORT", "is for the whole chunk");
  LOTURA_RETURN_IF_ERROR(violations.ToStatus());
  LOTURA_RETURN_IF_ERROR(method_.creation_.Create(changes, request, "").status());
  return changes.Conclude();
}

bool ImportChunk::DependsOnWhatWasStored() const {
  return std::ranges::any_of(failures_, [](const absl::Status& failure) {
    return !failure.ok() && !absl::IsInvalidArgument(failure);
  });
}

absl::StatusOr<ImportChunk::ResultPtr> ImportChunk::Commit(std::function<void()> written) {
  if (IsReplayed()) return replayed_;
  if (validate_only_) {
    LOTURA_ASSIGN_OR_RETURN(const Outcomes outcomes,
                            method_.parts_.store.CheckRows(chunk_, call_->deadline));
    LOTURA_ASSIGN_OR_RETURN(const Told tried, Tell(outcomes));
    return tried.result;
  }
  chunk_.written = std::move(written);
  ResultPtr result;
  const AnswerOfRows answer_of = [&](const Outcomes& outcomes) -> absl::StatusOr<Answer> {
    LOTURA_ASSIGN_OR_RETURN(Told told, AreCommitted(outcomes) ? foreseen_ : Tell(outcomes));
    result = std::move(told.result);
    return std::move(told.answer);
  };
  LOTURA_ASSIGN_OR_RETURN(const Outcome outcome,
                          method_.parts_.store.CommitRows(chunk_, answer_of, call_->deadline));
  if (outcome.verdict == Verdict::kRequestReused) return PositionReused();
  if (outcome.verdict == Verdict::kReplayed) return Replay(outcome.answer);
  return result;
}

absl::StatusOr<ImportChunk::ResultPtr> ImportChunk::Replay(const Answer& first) {
  LOTURA_ASSIGN_OR_RETURN(replayed_, AnswerFrom(first, Result::default_instance()));
  // The process that committed it may have died before it told the cache.
  std::vector<RecordRef> records;
  for (const auto& row : static_cast<const Result&>(*replayed_).rows()) {
    if (!row.name().empty()) records.push_back({method_.type_.declaration.get(), row.name()});
  }
  method_.parts_.store.Forget(call_->principal.tenant, records);
  return replayed_;
}

ImportChunk::Result ImportChunk::ResultOf(const Outcomes& outcomes) const {
  LOTURA_CHECK(outcomes.size() == chunk_.rows.size());
  Result result;
  result.set_position(head_.position);
  std::size_t passed = 0;
  for (const absl::Status& failure : failures_) {
    type::v1::ImportedRow& row = *result.add_rows();
    if (!failure.ok()) {
      Refuse(failure, row);
      continue;
    }
    const auto& outcome = outcomes[passed];
    const Unit& unit = chunk_.rows[passed++];
    if (!outcome.ok()) {
      Refuse(outcome.status(), row);
    } else if (outcome->verdict != Verdict::kCommitted) {
      Refuse(Refusal(*outcome, unit), row);
    } else {
      Fill(unit.changes.front(), row);
    }
  }
  return result;
}

void ImportChunk::Fill(const RecordChange& created, type::v1::ImportedRow& row) const {
  row.set_name(created.name);
  row.set_etag(EtagOf(created.version));
}

void ImportChunk::Refuse(const absl::Status& why, type::v1::ImportedRow& row) const {
  const std::string domain = "lotura." + method_.type_.declaration->service();
  LOTURA_CHECK(row.mutable_error()->ParseFromString(rpc::ToWire(why, domain).details));
}

absl::StatusOr<ImportChunk::Told> ImportChunk::Tell(const Outcomes& outcomes) const {
  const auto result = std::make_shared<const Result>(ResultOf(outcomes));
  // What could not be told to the caller is not done.
  if (result->ByteSizeLong() > kMessageBytesMax) return ResponseTooLarge(kMessageBytesMax);
  return Told{result, Split(*result)};
}

}  // namespace lotura::resource
