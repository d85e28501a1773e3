#include "libs/resource/changes.h"

#include <fmt/format.h>
#include <google/protobuf/any.pb.h>

#include <utility>

#include "libs/base/check.h"
#include "libs/base/names.h"
#include "libs/base/text.h"
#include "libs/mutant/use.h"
#include "libs/resource/changed_keys.h"
#include "libs/resource/changed_paths.h"
#include "libs/resource/codec.h"
#include "libs/resource/event_types.h"
#include "libs/resource/message_copy.h"
#include "libs/resource/validate.h"

namespace lotura::resource {
namespace {

// Rules that change other records, whose rules change others, end here.
constexpr int kRuleDepthMax = 8;
constexpr std::size_t kChangesMax = 2000;

const char* EventOf(events::v1::Kind kind) {
  if (kind == events::v1::KIND_CREATED) return "created";
  if (kind == events::v1::KIND_DELETED) return "deleted";
  if (kind == events::v1::KIND_UNDELETED) return "undeleted";
  return "updated";
}

// What two changes of one record in one unit are together; unspecified if they make no sense.
events::v1::Kind Together(events::v1::Kind first, events::v1::Kind second) {
  if (second == events::v1::KIND_UPDATED) return first;
  if (first == events::v1::KIND_CREATED) return events::v1::KIND_UNSPECIFIED;
  if (first == events::v1::KIND_UPDATED) return second;
  // Deleted and undeleted again, or the other way round.
  return events::v1::KIND_UPDATED;
}

std::string AnyOf(const pbuf::Message& detail) {
  pbuf::Any any;
  any.PackFrom(detail);
  return any.SerializeAsString();
}

std::vector<std::string> SetFields(const Declaration& declaration, const pbuf::Message& record) {
  std::vector<std::string> set;
  for (const Column& column : declaration.columns()) {
    if (IsSet(column, record)) set.push_back(column.name);
  }
  return set;
}

absl::Status CheckNotNewer(const Record& record) {
  if (!record.newer) return absl::OkStatus();
  return Unavailable("RECORD_NEWER",
                     "a newer release has written what this one does not know; it cannot be "
                     "changed here");
}

bool IsDeleted(const Declaration& declaration, const pbuf::Message& record) {
  const auto* field = declaration.delete_time_field();
  return field != nullptr && record.GetReflection()->HasField(record, field);
}

}  // namespace

absl::Status CheckName(const Declaration& declaration, const std::string& name,
                       const std::string& field) {
  if (declaration.pattern().Matches(name)) return absl::OkStatus();
  return InvalidArgument(
      field, "NAME_INVALID",
      fmt::format("'{}' is not the name of a record of type {}", name, declaration.type()));
}

absl::Status CheckEtag(const std::string& etag, const Record& record) {
  const std::string current = EtagOf(record.version);
  if (etag.empty() || etag == current) return absl::OkStatus();
  const auto* name = record.message->GetDescriptor()->FindFieldByName("name");
  return Aborted("STALE_ETAG", "the record was changed since it was read",
                 {{"name", record.message->GetReflection()->GetString(*record.message, name)},
                  {"etag", etag},
                  {"current_etag", current}});
}

bool IsBadReference(const absl::Status& status) {
  const std::string reason = ReasonOf(status);
  return absl::IsNotFound(status) || reason == "DELETED" || reason == "NAME_INVALID";
}

const RecordType& Changes::TypeOf(const pbuf::Descriptor* message) const {
  const RecordType* type = parts_.catalog.Find(message);
  LOTURA_CHECK(type != nullptr);
  return *type;
}

const View& Changes::ViewOf(const RecordType& type) {
  ViewPtr& view = views_[&type];
  if (view == nullptr) view = ViewFor(call_.principal, *type.declaration);
  return *view;
}

absl::Status Changes::CheckMay(const RecordType& type, Access access, const pbuf::Message& record) {
  if (actor_ == Actor::kRule || call_.principal.SeesAll()) return absl::OkStatus();
  return CheckAccess(ViewOf(type), access, record);
}

absl::StatusOr<std::optional<Record>> Changes::Find(const RecordType& type,
                                                    const std::string& name) {
  const auto key = std::pair(&type, name);
  if (const auto known = reads_.own.find(key); known != reads_.own.end()) return known->second;
  LOTURA_RETURN_IF_ERROR(Prefetch(type, {&name, 1}));
  return reads_.own.at(key);
}

absl::Status Changes::Prefetch(const RecordType& type, std::span<const std::string> names) {
  std::vector<std::string> unknown;
  for (const std::string& name : names) {
    if (!reads_.own.contains(std::pair(&type, name))) unknown.push_back(name);
  }
  if (unknown.empty()) return absl::OkStatus();
  LOTURA_ASSIGN_OR_RETURN(auto records, parts_.store.Load(*type.declaration, call_.principal.tenant,
                                                          unknown, call_.deadline));
  for (std::size_t i = 0; i < unknown.size(); ++i)
    reads_.own.emplace(std::pair(&type, unknown[i]), std::move(records[i]));
  return absl::OkStatus();
}

absl::StatusOr<Record> Changes::LoadAny(const RecordType& type, const std::string& name,
                                        const std::string& etag) {
  LOTURA_RETURN_IF_ERROR(CheckName(*type.declaration, name));
  if (const auto place = place_.find(name); place != place_.end()) {
    const RecordChange& change = changes_[place->second];
    return Record{.message = change.after,
                  .version = change.version,
                  .deleted = IsDeleted(*type.declaration, *change.after)};
  }
  LOTURA_ASSIGN_OR_RETURN(const std::optional<Record> record, Find(type, name));
  if (!record.has_value()) return NotFound(type.declaration->type(), name);
  if (!mutant::Omits("change.read"))
    LOTURA_RETURN_IF_ERROR(CheckMay(type, Access::kRead, *record->message));
  LOTURA_RETURN_IF_ERROR(CheckEtag(etag, *record));
  return *record;
}

absl::StatusOr<Record> Changes::LoadLive(const RecordType& type, const std::string& name,
                                         const std::string& etag) {
  LOTURA_ASSIGN_OR_RETURN(Record record, LoadAny(type, name, etag));
  if (record.deleted)
    return FailedPrecondition("DELETED", "the record is deleted; undelete it first",
                              {{"name", name}});
  return record;
}

absl::Status Changes::Complete(const RecordType& type, const pbuf::Message* before,
                               pbuf::Message& after) {
  Violations own;
  if (type.rules.derive) {
    const absl::Status derived = AsRule([&] { return type.rules.derive(*this, before, after); });
    const auto wrong = ViolationsOf(derived);
    // What is not about a field leaves nothing to look at.
    if (!derived.ok() && wrong.empty()) return derived;
    own.AddAll(wrong);
  }
  NormalizeTimes(after);
  if (type.rules.validate) type.rules.validate(before, after, own);
  Violations violations;
  CheckFields(*type.declaration, after, field_prefix_, violations);
  violations.AddAll(own.found(), field_prefix_);
  return violations.ToStatus();
}

Violations Changes::WrongPlace(const Declaration& declaration, const std::string& parent,
                               const std::string& id) const {
  const std::string request = RequestPath(field_prefix_, declaration);
  Violations wrong;
  if (!declaration.pattern().MatchesParent(parent))
    wrong.Add(request + "parent", "PARENT_INVALID",
              fmt::format("'{}' is not a parent of {}", parent, declaration.type()));
  if (!id.empty() && !declaration.pattern().IsId(id))
    wrong.Add(request + declaration.singular() + "_id", "ID_INVALID",
              declaration.pattern().id_form() == IdForm::kUuid
                  ? "an id is a UUID of 36 characters in lower case"
                  : "an id has 1 to 63 lower-case letters, digits and hyphens, a letter first and "
                    "no hyphen last");
  return wrong;
}

std::string Changes::AssignId(const Declaration& declaration) const {
  const Uuid id = parts_.ids.Next();
  return declaration.pattern().id_form() == IdForm::kUuid ? id.ToString()
                                                          : declaration.id_prefix() + ToBase32(id);
}

absl::StatusOr<Changes::MessagePtr> Changes::CreateAny(const RecordType& type,
                                                       std::shared_ptr<pbuf::Message> after,
                                                       const std::string& parent,
                                                       const std::string& id) {
  const Declaration& declaration = *type.declaration;
  after->DiscardUnknownFields();
  if (Violations wrong = WrongPlace(declaration, parent, id); !wrong.empty()) {
    wrong.AddAll(ViolationsOf(Complete(type, nullptr, *after)));
    return wrong.ToStatus();
  }
  const std::string assigned = id.empty() ? AssignId(declaration) : id;
  after->GetReflection()->SetString(after.get(), declaration.name_field(),
                                    declaration.pattern().Make(parent, assigned));
  SetTimestamp(*after, declaration.create_time_field(), call_.now);
  if (declaration.delete_time_field() != nullptr)
    after->GetReflection()->ClearField(after.get(), declaration.delete_time_field());
  return Put(type, std::move(after), events::v1::KIND_CREATED, nullptr);
}

absl::StatusOr<Changes::MessagePtr> Changes::SaveAny(const RecordType& type,
                                                     const pbuf::Message& record,
                                                     const pbuf::Message* detail) {
  std::shared_ptr<pbuf::Message> after = CopyOf(record);
  after->DiscardUnknownFields();
  return Put(type, std::move(after), events::v1::KIND_UPDATED, detail);
}

absl::StatusOr<Changes::MessagePtr> Changes::DeleteAny(const RecordType& type,
                                                       const std::string& name,
                                                       const std::string& etag) {
  LOTURA_ASSIGN_OR_RETURN(const Record before, LoadLive(type, name, etag));
  std::shared_ptr<pbuf::Message> after = CopyOf(*before.message);
  SetTimestamp(*after, type.declaration->delete_time_field(), call_.now);
  return Put(type, std::move(after), events::v1::KIND_DELETED, nullptr);
}

absl::StatusOr<Changes::MessagePtr> Changes::UndeleteAny(const RecordType& type,
                                                         const std::string& name,
                                                         const std::string& etag) {
  LOTURA_ASSIGN_OR_RETURN(const Record before, LoadAny(type, name, etag));
  if (!before.deleted)
    return AlreadyExists("NOT_DELETED", "the record is not deleted", {{"name", name}});
  std::shared_ptr<pbuf::Message> after = CopyOf(*before.message);
  after->GetReflection()->ClearField(after.get(), type.declaration->delete_time_field());
  return Put(type, std::move(after), events::v1::KIND_UNDELETED, nullptr);
}

absl::StatusOr<std::optional<Record>> Changes::Stored(const RecordType& type,
                                                      const std::string& name,
                                                      events::v1::Kind kind) {
  if (kind == events::v1::KIND_CREATED) return std::nullopt;
  const auto place = place_.find(name);
  if (place != place_.end() && changes_[place->second].version == 1) return std::nullopt;
  LOTURA_ASSIGN_OR_RETURN(std::optional<Record> stored, Find(type, name));
  LOTURA_CHECK(stored.has_value());
  LOTURA_RETURN_IF_ERROR(CheckNotNewer(*stored));
  return stored;
}

absl::StatusOr<Changes::MessagePtr> Changes::Put(const RecordType& type,
                                                 std::shared_ptr<pbuf::Message> after,
                                                 events::v1::Kind kind,
                                                 const pbuf::Message* detail) {
  const Declaration& declaration = *type.declaration;
  RecordChange change{
      .declaration = &declaration, .kind = kind, .name = declaration.NameOf(*after)};
  LOTURA_ASSIGN_OR_RETURN(const std::optional<Record> stored, Stored(type, change.name, kind));
  const pbuf::Message* before = stored.has_value() ? stored->message.get() : nullptr;
  if (before != nullptr && !mutant::Omits("change.write")) {
    const bool updates = kind == events::v1::KIND_UPDATED;
    LOTURA_RETURN_IF_ERROR(CheckMay(type, updates ? Access::kUpdate : Access::kDelete, *before));
  }
  if (stored.has_value()) change.before = stored->message;
  change.after = after;
  change.field_prefix = field_prefix_;
  if (kind != events::v1::KIND_DELETED) {
    LOTURA_RETURN_IF_ERROR(CheckChosen(change));
    LOTURA_RETURN_IF_ERROR(Complete(type, before, *after));
  }
  change.changed_fields = before == nullptr ? SetFields(declaration, *after)
                                            : ChangedPaths(declaration, *before, *after);
  if (kind == events::v1::KIND_UPDATED && change.changed_fields.empty() && detail == nullptr &&
      !place_.contains(change.name))
    return stored->message;
  Stamp(stored.has_value() ? &*stored : nullptr, *after, change);
  if (detail != nullptr) {
    const pbuf::Descriptor& message = *detail->GetDescriptor();
    if (!IsDetailOf(declaration, message))
      return Internal(fmt::format("{} is not declared as a detail of {}", message.full_name(),
                                  declaration.type()));
    change.event_type = declaration.EventType(EventNameOf(declaration, message));
    change.detail = AnyOf(*detail);
  }
  change.by_rule = actor_ == Actor::kRule;
  if (change.by_rule) changed_by_rules_.insert(change.name);
  LOTURA_RETURN_IF_ERROR(Note(std::move(change)));
  LOTURA_RETURN_IF_ERROR(Follow(type, before, *after));
  return MessagePtr(after);
}

void Changes::Stamp(const Record* stored, pbuf::Message& after, RecordChange& change) {
  const Declaration& declaration = *change.declaration;
  change.version = stored == nullptr ? 1 : stored->version + 1;
  SetTimestamp(after, declaration.update_time_field(), call_.now);
  after.GetReflection()->SetString(&after, declaration.etag_field(), EtagOf(change.version));
  change.event_id = parts_.ids.Next();
}

absl::Status Changes::RelyOn(const Record& record) {
  const Declaration& declaration = *TypeOf(record.message->GetDescriptor()).declaration;
  const std::string name = declaration.NameOf(*record.message);
  // What the unit changes it relies on anyway.
  if (Touches(name)) return absl::OkStatus();
  LOTURA_RETURN_IF_ERROR(CheckNotNewer(record));
  std::shared_ptr<pbuf::Message> after = CopyOf(*record.message);
  RecordChange change{.declaration = &declaration,
                      .kind = events::v1::KIND_UPDATED,
                      .name = name,
                      .before = record.message,
                      .after = after,
                      .by_rule = true};
  Stamp(&record, *after, change);
  return Note(std::move(change));
}

absl::StatusOr<ListPage> Changes::ListPageOf(const RecordType& type,
                                             const ListRequest& request) const {
  if (parts_.lister == nullptr) return Internal("rules cannot look for records here");
  Call rule = call_;
  rule.principal = {.tenant = call_.principal.tenant,
                    .name = call_.principal.name,
                    .permissions = {"*"},
                    .grounds = Grounds::kToken};
  return parts_.lister->List(rule, *type.declaration, request);
}

absl::Status Changes::Conclude() {
  LOTURA_RETURN_IF_ERROR(CheckReferences());
  return AsRule([&]() -> absl::Status {
    for (const Catalog::UnitRule& rule : parts_.catalog.unit_rules())
      LOTURA_RETURN_IF_ERROR(rule(*this));
    return absl::OkStatus();
  });
}

absl::Status Changes::Note(RecordChange change) {
  const auto place = place_.find(change.name);
  if (place == place_.end()) {
    if (changes_.size() >= kChangesMax) {
      return FailedPrecondition(
          "TOO_MANY_CHANGES",
          fmt::format("one request changes more than {} records at once", kChangesMax));
    }
    if (change.event_type.empty())
      change.event_type = change.declaration->EventType(EventOf(change.kind));
    place_.emplace(change.name, changes_.size());
    changes_.push_back(std::move(change));
    return absl::OkStatus();
  }
  RecordChange& first = changes_[place->second];
  const events::v1::Kind kind = Together(first.kind, change.kind);
  if (kind == events::v1::KIND_UNSPECIFIED)
    return Internal("a request creates a record and deletes it again");
  const bool keeps_event = change.event_type.empty() && kind == first.kind;
  if (keeps_event) {
    change.event_type = std::move(first.event_type);
    change.detail = std::move(first.detail);
  } else if (change.event_type.empty()) {
    change.event_type = change.declaration->EventType(EventOf(kind));
  }
  change.kind = kind;
  change.by_rule = first.by_rule && change.by_rule;
  first = std::move(change);
  return absl::OkStatus();
}

absl::Status Changes::Follow(const RecordType& type, const pbuf::Message* before,
                             const pbuf::Message& after) {
  if (!type.rules.on_change) return absl::OkStatus();
  if (depth_ >= kRuleDepthMax) return Internal("rules change each other's records without end");
  ++depth_;
  const absl::Status status = AsRule([&] { return type.rules.on_change(*this, before, after); });
  --depth_;
  return status;
}

std::vector<RecordRef> Changes::Touched() const {
  std::vector<RecordRef> records;
  for (const auto& [key, record] : reads_.own)
    records.push_back({key.first->declaration.get(), key.second});
  for (const RecordChange& change : changes_) records.push_back({change.declaration, change.name});
  return records;
}

void Changes::Forget() const { parts_.store.Forget(call_.principal.tenant, Touched()); }

std::vector<RecordChange> Changes::Take() {
  for (RecordChange& change : changes_) FindChangedKeys(change);
  return std::move(changes_);
}

}  // namespace lotura::resource
