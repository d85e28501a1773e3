#include "libs/resource/unit_of_work.h"

#include <fmt/format.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include "libs/base/limits.h"

namespace lotura::resource {
namespace {

using MessagePtr = UnitOfWork::MessagePtr;

// How often a use case runs again because a record was changed under it.
constexpr int kAttemptsMax = 8;

const pbuf::FieldDescriptor* FieldOf(const pbuf::Message& request, const char* name) {
  return request.GetDescriptor()->FindFieldByName(name);
}

bool IsValidateOnly(const pbuf::Message& request) {
  const auto* field = FieldOf(request, "validate_only");
  return field != nullptr && request.GetReflection()->GetBool(request, field);
}

std::string CanonicalBytes(const pbuf::Message& request) {
  std::string bytes;
  pbuf::io::StringOutputStream stream(&bytes);
  pbuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  request.SerializeToCodedStream(&coded);
  coded.Trim();
  return bytes;
}

absl::StatusOr<std::optional<Request>> RequestOf(const Call& call, const pbuf::Message& message) {
  const auto* field = FieldOf(message, "request_id");
  const std::string text =
      field == nullptr ? "" : message.GetReflection()->GetString(message, field);
  if (text.empty()) return std::nullopt;
  const auto id = Uuid::Parse(text);
  if (!id.has_value())
    return InvalidArgument("request_id", "REQUEST_ID_INVALID", "is not a UUID of 36 characters");
  Request request;
  request.id = *id;
  request.hash =
      Sha256(fmt::format("{}\n{}\n{}", call.method, call.principal.name, CanonicalBytes(message)));
  return request;
}

absl::Status Reused() {
  return InvalidArgument("request_id", "REQUEST_ID_REUSED", "was used for another request");
}

absl::StatusOr<MessagePtr> AnswerFrom(const Answer& answer, const pbuf::Message& response) {
  std::shared_ptr<pbuf::Message> message(response.New());
  if (!Join(answer, *message)) return Internal("a stored answer cannot be read");
  return MessagePtr(message);
}

// The records of an answer: the answer itself, or its elements.
void CollectNames(const Catalog& catalog, const pbuf::Message& answer,
                  std::vector<RecordRef>& found) {
  if (const RecordType* type = catalog.Find(answer.GetDescriptor())) {
    found.push_back({type->declaration.get(), type->declaration->NameOf(answer)});
    return;
  }
  const pbuf::Reflection& reflection = *answer.GetReflection();
  for (int i = 0; i < answer.GetDescriptor()->field_count(); ++i) {
    const auto* field = answer.GetDescriptor()->field(i);
    if (!field->is_repeated() || catalog.Find(field->message_type()) == nullptr) continue;
    for (int k = 0; k < reflection.FieldSize(answer, field); ++k)
      CollectNames(catalog, reflection.GetRepeatedMessage(answer, field, k), found);
  }
}

// The holder of a match key is named only to those who may read it.
absl::Status MatchKeyTaken(const Outcome& outcome, const Unit& unit) {
  const RecordChange& change = unit.changes[outcome.change];
  const Declaration& declaration = *change.declaration;
  const std::string permission =
      fmt::format("{}.{}.read", declaration.service(), declaration.pattern().Collection());
  std::map<std::string, std::string> metadata = {{"field", change.field_prefix + outcome.field}};
  if (unit.call->principal.Permits(permission)) metadata.emplace("holder", outcome.holder);
  return AlreadyExists("MATCH_KEY_TAKEN",
                       fmt::format("another record has the same {}", outcome.field),
                       std::move(metadata));
}

absl::Status Refusal(const Outcome& outcome, const Unit& unit) {
  // The only refusal of a unit that changes nothing.
  if (outcome.verdict == Verdict::kRequestReused) return Reused();
  const RecordChange& change = unit.changes[outcome.change];
  switch (outcome.verdict) {
    case Verdict::kNameTaken:
      return AlreadyExists("ID_TAKEN", fmt::format("'{}' exists already", change.name),
                           {{"name", change.name}});
    case Verdict::kMatchKeyTaken:
      return MatchKeyTaken(outcome, unit);
    case Verdict::kReferenceGone:
      return FailedPrecondition("REFERENCE_NOT_FOUND",
                                "a record that is referred to does not exist any more",
                                {{"name", change.name}});
    case Verdict::kStale:
      return Aborted("CONFLICT", "the record was changed by others again and again",
                     {{"name", change.name}});
    case Verdict::kRequestReused:
    case Verdict::kCommitted:
    case Verdict::kReplayed:
      break;
  }
  return Internal("a committed unit is no refusal");
}

}  // namespace

absl::StatusOr<std::optional<MessagePtr>> UnitOfWork::FindAnswer(const Call& call,
                                                                 const Request& request,
                                                                 const pbuf::Message& response) {
  LOTURA_ASSIGN_OR_RETURN(const auto stored, parts_.store.FindRequest(call.principal.tenant,
                                                                      request.id, call.deadline));
  if (!stored.has_value()) return std::nullopt;
  if (stored->hash != request.hash) return Reused();
  LOTURA_ASSIGN_OR_RETURN(MessagePtr answer, AnswerFrom(stored->answer, response));
  return answer;
}

absl::StatusOr<MessagePtr> UnitOfWork::AnswerFailure(const std::optional<Request>& request,
                                                     const pbuf::Message& response,
                                                     const Changes& changes,
                                                     const absl::Status& failure) {
  // What stands in the way now may be the work of this very request, done before.
  if (!request.has_value()) return failure;
  LOTURA_ASSIGN_OR_RETURN(const auto first, FindAnswer(changes.call(), *request, response));
  if (!first.has_value()) return failure;
  // The process that committed it may have died before it told the cache.
  changes.Forget();
  std::vector<RecordRef> written;
  CollectNames(parts_.catalog, **first, written);
  parts_.store.Forget(changes.call().principal.tenant, written);
  return *first;
}

absl::StatusOr<MessagePtr> UnitOfWork::Try(const Body& body, Changes& changes) {
  LOTURA_ASSIGN_OR_RETURN(MessagePtr answer, body(changes));
  LOTURA_RETURN_IF_ERROR(changes.CheckReferences());
  // What could not be told to the caller is not done.
  if (answer->ByteSizeLong() > kMessageBytesMax) return ResponseTooLarge(kMessageBytesMax);
  return answer;
}

absl::StatusOr<Outcome> UnitOfWork::Finish(const Unit& unit, Mode mode) {
  if (mode == Mode::kValidateOnly) return parts_.store.Check(unit, unit.call->deadline);
  return combiner_.Commit(unit);
}

absl::StatusOr<MessagePtr> UnitOfWork::Run(const Call& caller, const pbuf::Message& message,
                                           const pbuf::Message& response, const Body& body) {
  LOTURA_ASSIGN_OR_RETURN(const std::optional<Request> request, RequestOf(caller, message));
  const Mode mode = IsValidateOnly(message) ? Mode::kValidateOnly : Mode::kWrite;
  // A batch that outlasts the caller's patience still needs to know who called.
  const auto call = std::make_shared<const Call>(caller);
  for (int attempt = 1;; ++attempt) {
    Changes changes(parts_, *call);
    const absl::StatusOr<MessagePtr> answer = Try(body, changes);
    if (attempt == 1 && ReasonOf(answer.status()) == "STALE_ETAG") {
      // A copy from before the version that the caller knows is no reason to refuse him.
      changes.Forget();
      continue;
    }
    if (!answer.ok()) return AnswerFailure(request, response, changes, answer.status());
    Unit unit{call, request, changes.Take()};
    if (unit.changes.empty() && (!request.has_value() || mode == Mode::kValidateOnly))
      return answer;
    if (request.has_value()) unit.request->answer = Split(**answer);
    LOTURA_ASSIGN_OR_RETURN(const Outcome outcome, Finish(unit, mode));
    if (outcome.verdict == Verdict::kCommitted) return answer;
    if (outcome.verdict == Verdict::kReplayed) return AnswerFrom(outcome.answer, response);
    if (outcome.verdict != Verdict::kStale || attempt == kAttemptsMax)
      return Refusal(outcome, unit);
  }
}

}  // namespace lotura::resource
