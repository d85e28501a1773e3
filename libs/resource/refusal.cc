#include "libs/resource/refusal.h"

#include <fmt/format.h>

#include <map>

#include "libs/base/errors.h"
#include "libs/mutant/use.h"
#include "libs/resource/rights.h"

namespace lotura::resource {
namespace {

// Whether the caller may read the key, whichever record has it.
bool ReadsKey(const Principal& caller, const Declaration& declaration, const std::string& field) {
  if (mutant::Omits("key.holder")) return true;
  const Column* column = declaration.FindColumn(field);
  const ViewPtr view = ViewFor(caller, declaration);
  return column != nullptr && !view->Records(Access::kRead).root.has_value() &&
         view->ShowsAlways({column});
}

// The holder of a match key is named only to those who may read it.
absl::Status MatchKeyTaken(const Outcome& outcome, const Unit& unit) {
  const RecordChange& change = unit.changes[outcome.change];
  const Declaration& declaration = *change.declaration;
  const std::string permission =
      fmt::format("{}.{}.read", declaration.service(), declaration.pattern().Collection());
  std::map<std::string, std::string> metadata = {{"field", change.field_prefix + outcome.field}};
  const Principal& caller = unit.call->principal;
  if (caller.Permits(permission) && ReadsKey(caller, declaration, outcome.field))
    metadata.emplace("holder", outcome.holder);
  return AlreadyExists("MATCH_KEY_TAKEN",
                       fmt::format("another record has the same {}", outcome.field),
                       std::move(metadata));
}

// What an error says of which record it is about.
std::map<std::string, std::string> Named(const RecordChange& change) {
  if (change.by_rule) return {};
  return {{"name", change.name}};
}

absl::Status NameTaken(const RecordChange& change) {
  return AlreadyExists("ID_TAKEN",
                       change.by_rule ? "a record that follows from the change exists already"
                                      : fmt::format("'{}' exists already", change.name),
                       Named(change));
}

}  // namespace

absl::Status RequestReused() {
  return InvalidArgument("request_id", "REQUEST_ID_REUSED", "was used for another request");
}

absl::Status Refusal(const Outcome& outcome, const Unit& unit) {
  // The only refusal of a unit that changes nothing.
  if (outcome.verdict == Verdict::kRequestReused) return RequestReused();
  const RecordChange& change = unit.changes[outcome.change];
  switch (outcome.verdict) {
    case Verdict::kNameTaken:
      return NameTaken(change);
    case Verdict::kMatchKeyTaken:
      return MatchKeyTaken(outcome, unit);
    case Verdict::kReferenceGone:
      return FailedPrecondition("REFERENCE_NOT_FOUND",
                                "a record that is referred to does not exist any more",
                                Named(change));
    case Verdict::kStale:
      return Aborted("CONFLICT", "the record was changed by others again and again", Named(change));
    case Verdict::kRequestReused:
    case Verdict::kCommitted:
    case Verdict::kReplayed:
      break;
  }
  return Internal("a committed unit is no refusal");
}

}  // namespace lotura::resource
