// The seam between the engine and where records live: load by keys, commit, answer a repeated
// request.
#pragma once

#include <absl/status/statusor.h>

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "libs/base/call.h"
#include "libs/base/crypto.h"
#include "libs/resource/declaration.h"
#include "libs/resource/personal.h"
#include "lotura/events/v1/change.pb.h"

namespace lotura::resource {

// A record as it was read. The message carries name, times and etag.
struct Record {
  // Shared with the cache and with every answer and change that shows it.
  std::shared_ptr<const pbuf::Message> message;
  std::int64_t version = 0;
  bool deleted = false;
  // A newer release of the service wrote values that this one does not know; they are missing in
  // the message.
  bool newer = false;
};

// Match keys in their normal form: kind ("<table>.<field>") and key.
using MatchKeys = std::vector<std::pair<std::string, std::string>>;

// "email" of the kind "person.email".
inline std::string FieldOfKind(std::string_view kind) {
  return std::string(kind.substr(kind.rfind('.') + 1));
}

// One new version of one record.
struct RecordChange {
  const Declaration* declaration = nullptr;
  events::v1::Kind kind = events::v1::KIND_UNSPECIFIED;
  std::string name;
  // The version that this change makes; it succeeds only if version - 1 is the current one (1: no
  // such record yet).
  std::int64_t version = 0;
  // Shared with the record that was read, and with the answer.
  std::shared_ptr<const pbuf::Message> before;
  std::shared_ptr<const pbuf::Message> after;
  // What it takes and gives up.
  MatchKeys added_keys;
  MatchKeys removed_keys;
  std::vector<std::string> changed_fields;
  std::string event_type;
  // google.protobuf.Any in its binary form, or empty.
  std::string detail;
  Uuid event_id;
  // Path before the fields of the record in errors, "requests[3].opportunity."; not stored.
  std::string field_prefix;
  // It follows by a rule from what the caller did, who need not know that there is the record.
  bool by_rule = false;
};

// One record, wherever it is spoken of without its content.
struct RecordRef {
  const Declaration* declaration = nullptr;
  std::string name;
};

// The first answer to a request, kept so that a repetition is answered with it.
using Answer = Parts;

struct Request {
  Uuid id;
  // Over method, principal and the request's canonical bytes.
  Sha256Digest hash{};
  Answer answer;
};

// Changes that happen together or not at all, with their journal entries, match keys and request.
struct Unit {
  std::shared_ptr<const Call> call;  // shared with whoever may stop waiting for the unit
  std::optional<Request> request;
  std::vector<RecordChange> changes;
};

// What a store has made of the rows of a chunk before their turn came.
struct EncodedRows {
  virtual ~EncodedRows() = default;
};

// Rows of an import that are committed together as far as nothing is in their way.
struct Chunk {
  std::shared_ptr<const Call> call;  // shared by the chunks of an import
  // Remembered with the rows, and answered with what became of them.
  Request request;
  // Each with the request that its journal entries name, which is not remembered.
  std::vector<Unit> rows;
  // Of exactly these rows, or null.
  std::unique_ptr<const EncodedRows> encoded = nullptr;
  // Called when they are committed, before caches are told: whoever waits for that alone may go on.
  // Must not block; may be empty.
  std::function<void()> written = {};
};

enum class Verdict {
  kCommitted,
  kReplayed,       // the request was committed before; `answer` is what it was answered
  kRequestReused,  // the request_id belongs to another request
  kNameTaken,      // a record of that name exists
  kMatchKeyTaken,  // another live record holds a match key
  kStale,          // a record is no longer (or not yet) at the version that the change expects
  kReferenceGone,  // a record that is referred to is gone
};

struct Outcome {
  Verdict verdict = Verdict::kCommitted;
  Answer answer;
  // For the refusals about one record: which change of the unit, and for a match key the field and
  // the holder's name.
  std::size_t change = 0;
  std::string field;
  std::string holder;
};

// One for each unit, in order.
using Outcomes = std::vector<absl::StatusOr<Outcome>>;

// What a chunk of rows is answered with, given what became of each of them. An error gives the
// chunk up.
using AnswerOfRows = std::function<absl::StatusOr<Answer>(const Outcomes& rows)>;

// What is kept of a request that was committed.
struct StoredRequest {
  Sha256Digest hash{};
  Answer answer;
};

// The outcome of a request that comes again, or of another one under its id.
Outcome RepetitionOf(const StoredRequest& stored, const Request& request);

// Thread-safe. Every method gives up at the deadline.
class Store {
 public:
  virtual ~Store() = default;

  // In the order of `names`; nothing where no record is. Deleted records are returned.
  virtual absl::StatusOr<std::vector<std::optional<Record>>> Load(
      const Declaration& declaration, const TenantId& tenant, std::span<const std::string> names,
      Deadline deadline) = 0;
  // Nothing if the request was never committed, or so long ago that it is forgotten.
  virtual absl::StatusOr<std::optional<StoredRequest>> FindRequest(const TenantId& tenant,
                                                                   const Uuid& request_id,
                                                                   Deadline deadline) = 0;
  // What Commit would say of the unit now; writes nothing.
  virtual absl::StatusOr<Outcome> Check(const Unit& unit, Deadline deadline) = 0;
  // What was read of these records may be older than what is stored; whoever reads them next gets
  // what is stored. A store that keeps no copies has nothing to forget.
  virtual void Forget(const TenantId& /*tenant*/, std::span<const RecordRef> /*records*/) {}
  // One result for each unit, in order: a refused unit costs its neighbors nothing. Units of one
  // call belong to one tenant and do not share a request_id, a record or a match key. UNAVAILABLE
  // means not written; UNKNOWN (COMMIT_IN_DOUBT) that a connection was lost and the unit has no
  // request to look for, or that it could not be looked for in time.
  virtual std::vector<absl::StatusOr<Outcome>> Commit(std::span<const Unit> units,
                                                      Deadline deadline) = 0;
  // Does beforehand what CommitRows would do with the rows alone; it need not be called.
  virtual void EncodeRows(Chunk& /*chunk*/) {}
  // Commits the rows in one transaction with the chunk's request and the answer that is made of
  // their outcomes: a row that is refused costs its neighbors nothing. Rows may name the same
  // record or match key: the first one has it. Committed or replayed, with the answer, or
  // kRequestReused. Errors as of Commit; what `answer_of` fails with gives the chunk up.
  virtual absl::StatusOr<Outcome> CommitRows(const Chunk& chunk, const AnswerOfRows& answer_of,
                                             Deadline deadline) = 0;
  // What would become of the rows now; writes nothing.
  virtual absl::StatusOr<Outcomes> CheckRows(const Chunk& chunk, Deadline deadline) = 0;
};

}  // namespace lotura::resource
