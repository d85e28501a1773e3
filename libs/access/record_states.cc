#include "libs/access/record_states.h"

#include <algorithm>

#include "libs/access/queries.sql.h"
#include "libs/access/vocabulary.h"
#include "libs/base/check.h"
#include "libs/base/errors.h"
#include "libs/events/record_params.h"
#include "libs/mutant/use.h"

namespace lotura::access {
namespace {

using resource::Access;

bool SpeaksOfPersons(const resource::Grant& grant) {
  return std::ranges::any_of(resource::ColumnsOf(grant.records),
                             [](const resource::Column* column) { return column->personal; });
}

// Without the rules of which a state does not tell whether they are about the record.
resource::ViewPtr OfStates(resource::ViewPtr view) {
  if (view->IsWhole() || std::ranges::none_of(view->grants(), SpeaksOfPersons)) return view;
  std::vector<resource::Grant> grants = view->grants();
  std::erase_if(grants, SpeaksOfPersons);
  return std::make_shared<const resource::View>(view->declaration(), std::move(grants));
}

const resource::Declaration& TypeOf(std::string_view type) {
  const resource::Declaration* declaration = Vocabulary::Linked().FindType(type);
  LOTURA_CHECK(declaration != nullptr);
  return *declaration;
}

absl::Status NeedsMore(std::string_view type, std::string_view field) {
  return Error(absl::StatusCode::kPermissionDenied, "NEEDS_ALL_RECORDS",
               "the answer tells of a field that the caller must be allowed to read",
               {{"type", std::string(type)}, {"field", std::string(field)}});
}

}  // namespace

void ProjectRecordStates(pg::Tx& tx, std::span<const events::Event> events,
                         const std::function<bool(const events::Event&)>& counts) {
  const std::vector<const events::Event*> newest = events::NewestWhere(events, counts);
  if (newest.empty()) return;
  pg::Array records(pg::Type::kBytea);
  for (const events::Event* event : newest) {
    records.Add(event->change.after().plain());
  }
  tx.Run(sql::kUpsertRecordStates,
         events::RecordParams(newest, events::RecordNames::kFullNames).Add(records));
}

bool ReadableRecord::Shows(std::string_view path) const {
  return state_ == nullptr || mutant::Omits("states.fields") || view_.Reads(path, *state_->record);
}

bool ReadableRecord::ShowsAll() const {
  return state_ == nullptr || mutant::Omits("states.fields") || view_.ShowsAll(*state_->record);
}

absl::Status ReadableRecords::CheckReadsEvery(std::string_view type,
                                              std::span<const std::string_view> fields) {
  const resource::Declaration& declaration = TypeOf(type);
  const resource::View* view = ViewOf(declaration);
  for (const std::string_view field : fields) {
    if (view == nullptr || !view->ShowsEverywhere(*declaration.FindColumn(field)))
      return NeedsMore(type, field);
  }
  return absl::OkStatus();
}

absl::Status ReadableRecords::CheckReadsSome(std::string_view type,
                                             std::span<const std::string_view> fields) {
  const resource::Declaration& declaration = TypeOf(type);
  const resource::View* view = ViewOf(declaration);
  for (const std::string_view field : fields) {
    if (view == nullptr || view->FindHidden({declaration.FindColumn(field)}) != nullptr)
      return NeedsMore(type, field);
  }
  return absl::OkStatus();
}

bool ReadableRecords::ReadsNone(std::string_view type) {
  const resource::View* view = ViewOf(TypeOf(type));
  return view == nullptr || (view->grants().empty() && !view->IsWhole());
}

void ReadableRecords::Load(pg::Tx& tx, const std::set<std::string>& full_names) {
  decided_.clear();
  states_.clear();
  std::vector<std::string> asked;
  for (const std::string& name : full_names) {
    const resource::Declaration* type = Vocabulary::Linked().FindTypeOfName(name);
    const resource::View* view = type == nullptr ? nullptr : ViewOf(*type);
    if (view != nullptr && !view->ShowsEverything()) asked.push_back(name);
  }
  if (asked.empty()) return;
  const pg::Rows rows =
      tx.Run(sql::kRecordStates, pg::Params().Tenant(caller_.tenant).Texts(asked));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::string name = rows.String(i, 0);
    auto record = Vocabulary::Linked().FindTypeOfName(name)->NewMessage();
    // Nobody is shown what cannot be read.
    if (record->ParseFromString(rows.Bytes(i, 2)))
      states_.emplace(name, RecordState{rows.Int(i, 1), std::move(record)});
  }
}

const ReadableRecord* ReadableRecords::Find(const std::string& full_name) {
  auto known = decided_.find(full_name);
  if (known == decided_.end()) known = decided_.emplace(full_name, Decide(full_name)).first;
  return known->second.has_value() ? &*known->second : nullptr;
}

std::optional<ReadableRecord> ReadableRecords::Decide(const std::string& full_name) {
  const resource::Declaration* type = Vocabulary::Linked().FindTypeOfName(full_name);
  const resource::View* view = type == nullptr ? nullptr : ViewOf(*type);
  if (view == nullptr) return std::nullopt;
  if (view->ShowsEverything()) return ReadableRecord(*view, nullptr);
  const auto state = states_.find(full_name);
  if (state == states_.end()) return std::nullopt;
  if (!mutant::Omits("states.records") && !view->Allows(Access::kRead, *state->second.record))
    return std::nullopt;
  return ReadableRecord(*view, &state->second);
}

const resource::View* ReadableRecords::ViewOf(const resource::Declaration& declaration) {
  const auto [known, added] = views_.emplace(&declaration, nullptr);
  if (added && resource::PermitsNow(caller_, ReadPermissionOf(declaration)))
    known->second = OfStates(resource::ViewFor(caller_, declaration));
  return known->second.get();
}

}  // namespace lotura::access
