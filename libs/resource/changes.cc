#include "libs/resource/changes.h"

#include <fmt/format.h>
#include <google/protobuf/any.pb.h>

#include "libs/base/check.h"
#include "libs/base/text.h"
#include "libs/resource/changed_paths.h"
#include "libs/resource/codec.h"
#include "libs/resource/validate.h"

namespace lotura::resource {
namespace {

// Rules that change other records, whose rules change others, end here.
constexpr int kRuleDepthMax = 8;
constexpr std::size_t kChangesMax = 2000;

const char* EventOf(events::v1::Kind kind) {
  switch (kind) {
    case events::v1::KIND_CREATED:
      return "created";
    case events::v1::KIND_DELETED:
      return "deleted";
    case events::v1::KIND_UNDELETED:
      return "undeleted";
    default:
      return "updated";
  }
}

// "moved" of OpportunityMoved.
std::string EventOf(const Declaration& declaration, const pbuf::Message& detail) {
  std::string_view name = detail.GetDescriptor()->name();
  if (name.starts_with(declaration.message()->name()))
    name.remove_prefix(declaration.message()->name().size());
  return ToSnakeCase(name);
}

std::string AnyOf(const pbuf::Message& detail) {
  pbuf::Any any;
  any.PackFrom(detail);
  return any.SerializeAsString();
}

std::vector<std::string> SetFields(const Declaration& declaration, const pbuf::Message& record) {
  return ChangedPaths(declaration, *declaration.NewMessage(), record);
}

}  // namespace

absl::Status CheckEtag(const std::string& etag, const Record& record) {
  const std::string current = EtagOf(record.version);
  if (etag.empty() || etag == current) return absl::OkStatus();
  return Aborted("STALE_ETAG", "the record was changed since it was read",
                 {{"etag", etag}, {"current_etag", current}});
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

absl::StatusOr<std::optional<Record>> Changes::Find(const RecordType& type,
                                                    const std::string& name) {
  const auto key = std::pair(&type, name);
  if (const auto known = read_.find(key); known != read_.end()) return known->second;
  LOTURA_RETURN_IF_ERROR(Prefetch(type, {&name, 1}));
  return read_.at(key);
}

absl::Status Changes::Prefetch(const RecordType& type, std::span<const std::string> names) {
  std::vector<std::string> unknown;
  for (const std::string& name : names) {
    if (!read_.contains(std::pair(&type, name))) unknown.push_back(name);
  }
  if (unknown.empty()) return absl::OkStatus();
  LOTURA_ASSIGN_OR_RETURN(auto records, parts_.store.Load(*type.declaration, call_.principal.tenant,
                                                          unknown, call_.deadline));
  for (std::size_t i = 0; i < unknown.size(); ++i)
    read_.emplace(std::pair(&type, unknown[i]), std::move(records[i]));
  return absl::OkStatus();
}

absl::StatusOr<Record> Changes::LoadAny(const RecordType& type, const std::string& name,
                                        const std::string& etag) {
  if (!type.declaration->pattern().Matches(name))
    return InvalidArgument(
        "name", "NAME_INVALID",
        fmt::format("'{}' is not the name of a record of type {}", name, type.declaration->type()));
  LOTURA_ASSIGN_OR_RETURN(const std::optional<Record> record, Find(type, name));
  if (!record.has_value()) return NotFound(type.declaration->type(), name);
  LOTURA_RETURN_IF_ERROR(CheckEtag(etag, *record));
  Record current = *record;
  if (const auto place = place_.find(name); place != place_.end())
    current.message = changes_[place->second].after;
  return current;
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
  if (type.rules.derive)
    LOTURA_RETURN_IF_ERROR(WithFieldPrefix(type.rules.derive(*this, before, after), field_prefix_));
  NormalizeTimes(after);
  Violations violations;
  CheckFields(*type.declaration, after, field_prefix_, violations);
  if (type.rules.validate) {
    Violations own;
    type.rules.validate(before, after, own);
    for (const FieldViolation& violation : own.found())
      violations.Add(field_prefix_ + violation.field, violation.reason, violation.description);
  }
  return violations.ToStatus();
}

absl::StatusOr<Changes::MessagePtr> Changes::CreateAny(const RecordType& type,
                                                       const pbuf::Message& record,
                                                       const std::string& parent,
                                                       const std::string& id) {
  const Declaration& declaration = *type.declaration;
  if (!declaration.pattern().MatchesParent(parent))
    return InvalidArgument("parent", "PARENT_INVALID",
                           fmt::format("'{}' is not a parent of {}", parent, declaration.type()));
  if (!id.empty() && !IsWellFormedId(id))
    return InvalidArgument(declaration.singular() + "_id", "ID_INVALID",
                           "an id has 1 to 63 lower-case letters, digits and hyphens, a letter "
                           "first and no hyphen last");
  std::shared_ptr<pbuf::Message> after(record.New());
  after->CopyFrom(record);
  after->DiscardUnknownFields();
  const std::string assigned =
      id.empty() ? declaration.id_prefix() + ToBase32(parts_.ids.Next()) : id;
  after->GetReflection()->SetString(after.get(), declaration.name_field(),
                                    declaration.pattern().Make(parent, assigned));
  SetTimestamp(*after, declaration.create_time_field(), call_.now);
  if (declaration.delete_time_field() != nullptr)
    after->GetReflection()->ClearField(after.get(), declaration.delete_time_field());
  return Put(type, nullptr, std::move(after), events::v1::KIND_CREATED, nullptr);
}

absl::StatusOr<Changes::MessagePtr> Changes::SaveAny(const RecordType& type,
                                                     const pbuf::Message& record,
                                                     const pbuf::Message* detail) {
  const std::string name = type.declaration->NameOf(record);
  LOTURA_ASSIGN_OR_RETURN(const std::optional<Record> before, Find(type, name));
  LOTURA_CHECK(before.has_value() || place_.contains(name));
  std::shared_ptr<pbuf::Message> after(record.New());
  after->CopyFrom(record);
  after->DiscardUnknownFields();
  return Put(type, before.has_value() ? &*before : nullptr, std::move(after),
             events::v1::KIND_UPDATED, detail);
}

absl::StatusOr<Changes::MessagePtr> Changes::DeleteAny(const RecordType& type,
                                                       const std::string& name,
                                                       const std::string& etag) {
  LOTURA_ASSIGN_OR_RETURN(const Record before, LoadLive(type, name, etag));
  std::shared_ptr<pbuf::Message> after(before.message->New());
  after->CopyFrom(*before.message);
  SetTimestamp(*after, type.declaration->delete_time_field(), call_.now);
  return Put(type, &before, std::move(after), events::v1::KIND_DELETED, nullptr);
}

absl::StatusOr<Changes::MessagePtr> Changes::UndeleteAny(const RecordType& type,
                                                         const std::string& name,
                                                         const std::string& etag) {
  LOTURA_ASSIGN_OR_RETURN(const Record before, LoadAny(type, name, etag));
  if (!before.deleted)
    return AlreadyExists("NOT_DELETED", "the record is not deleted", {{"name", name}});
  std::shared_ptr<pbuf::Message> after(before.message->New());
  after->CopyFrom(*before.message);
  after->GetReflection()->ClearField(after.get(), type.declaration->delete_time_field());
  return Put(type, &before, std::move(after), events::v1::KIND_UNDELETED, nullptr);
}

absl::StatusOr<Changes::MessagePtr> Changes::Put(const RecordType& type, const Record* before,
                                                 std::shared_ptr<pbuf::Message> after,
                                                 events::v1::Kind kind,
                                                 const pbuf::Message* detail) {
  const Declaration& declaration = *type.declaration;
  const std::string name = declaration.NameOf(*after);
  const pbuf::Message* previous = before == nullptr ? nullptr : before->message.get();
  if (kind != events::v1::KIND_DELETED) LOTURA_RETURN_IF_ERROR(Complete(type, previous, *after));
  RecordChange change;
  change.declaration = &declaration;
  change.kind = kind;
  change.name = name;
  change.version = before == nullptr ? 1 : before->version + 1;
  change.before = before == nullptr ? nullptr : before->message;
  change.changed_fields = previous == nullptr ? SetFields(declaration, *after)
                                              : ChangedPaths(declaration, *previous, *after);
  const bool already = place_.contains(name);
  if (kind == events::v1::KIND_UPDATED && change.changed_fields.empty() && detail == nullptr &&
      !already)
    return before->message;
  SetTimestamp(*after, declaration.update_time_field(), call_.now);
  after->GetReflection()->SetString(after.get(), declaration.etag_field(), EtagOf(change.version));
  change.after = after;
  change.event_id = parts_.ids.Next();
  change.event_type =
      declaration.EventType(detail == nullptr ? EventOf(kind) : EventOf(declaration, *detail));
  if (detail != nullptr) change.detail = AnyOf(*detail);
  if (already) {
    // The same unit changes the record once more: still one version, with the first kind and the
    // last state.
    RecordChange& first = changes_[place_.at(name)];
    change.kind = first.kind;
    change.event_type = detail == nullptr ? first.event_type : change.event_type;
    change.detail = detail == nullptr ? first.detail : change.detail;
    first = std::move(change);
  } else {
    if (changes_.size() >= kChangesMax)
      return ResourceExhausted("TOO_MANY_CHANGES", "one request changes too many records", 0);
    place_.emplace(name, changes_.size());
    changes_.push_back(std::move(change));
    prefixes_.push_back(field_prefix_);
  }
  if (type.rules.on_change) {
    LOTURA_CHECK(++depth_ <= kRuleDepthMax);
    const absl::Status status = type.rules.on_change(*this, previous, *after);
    --depth_;
    LOTURA_RETURN_IF_ERROR(status);
  }
  return MessagePtr(after);
}

absl::Status Changes::CheckReferences() {
  std::map<std::string, std::map<std::string, Reference>> own;
  std::map<std::string, Reference> foreign;
  for (std::size_t i = 0; i < changes_.size(); ++i) {
    const RecordChange& change = changes_[i];
    if (change.kind == events::v1::KIND_DELETED) continue;
    std::set<std::pair<std::string, std::string>> known;
    if (change.before != nullptr) {
      for (const Reference& reference : ReferencesOf(*change.before))
        known.emplace(reference.type, reference.name);
    }
    for (Reference& reference : ReferencesOf(*change.after)) {
      if (reference.name.empty() || known.contains({reference.type, reference.name})) continue;
      reference.path = prefixes_[i] + reference.path;
      const bool is_own = ServiceOfType(reference.type) == change.declaration->service();
      if (is_own) {
        own[reference.type].emplace(reference.name, reference);
      } else {
        foreign.emplace(reference.name, reference);
      }
    }
    if (change.kind == events::v1::KIND_CREATED && change.declaration->pattern().HasParent()) {
      // The parent is a record of the pattern without its last collection; whichever type that is,
      // it is one of ours.
      const std::string parent(change.declaration->pattern().ParentOf(change.name));
      for (const RecordType& type : parts_.catalog.types()) {
        if (type.declaration->pattern().Matches(parent))
          own[type.declaration->type()].emplace(
              parent, Reference{"parent", type.declaration->type(), parent});
      }
    }
  }
  LOTURA_RETURN_IF_ERROR(CheckOwn(own));
  return CheckForeign(foreign);
}

namespace {

absl::Status Missing(const Reference& reference) {
  return FailedPrecondition(
      "REFERENCE_NOT_FOUND",
      fmt::format("{}: there is no record '{}'", reference.path, reference.name),
      {{"field", reference.path}, {"name", reference.name}});
}

}  // namespace

absl::Status Changes::CheckOwn(
    const std::map<std::string, std::map<std::string, Reference>>& by_type) {
  for (const auto& [type_name, references] : by_type) {
    const RecordType* type = parts_.catalog.FindByType(type_name);
    LOTURA_CHECK(type != nullptr);
    std::vector<std::string> names;
    for (const auto& [name, reference] : references) {
      if (!type->declaration->pattern().Matches(name))
        return InvalidArgument(
            reference.path, "NAME_INVALID",
            fmt::format("'{}' is not the name of a record of type {}", name, type_name));
      if (!place_.contains(name)) names.push_back(name);
    }
    LOTURA_RETURN_IF_ERROR(Prefetch(*type, names));
    for (const std::string& name : names) {
      const auto& record = read_.at(std::pair(type, name));
      if (!record.has_value() || record->deleted) return Missing(references.at(name));
    }
  }
  return absl::OkStatus();
}

absl::Status Changes::CheckForeign(const std::map<std::string, Reference>& by_name) {
  std::vector<std::string> names;
  for (const auto& [name, reference] : by_name) {
    const bool right_service =
        reference.type == "*" ||
        name.starts_with(fmt::format("//{}.lotura/", ServiceOfType(reference.type)));
    if (!IsFullName(name) || !right_service)
      return InvalidArgument(
          reference.path, "NAME_INVALID",
          fmt::format("'{}' is not the full name of a record of type {}", name, reference.type));
    if (reference.type != "*") names.push_back(name);
  }
  if (names.empty()) return absl::OkStatus();
  LOTURA_ASSIGN_OR_RETURN(const auto missing, parts_.foreign_records.FindMissing(
                                                  call_.principal.tenant, names, call_.deadline));
  return missing.empty() ? absl::OkStatus() : Missing(by_name.at(missing.front()));
}

void Changes::ForgetWhatWasRead() const {
  std::vector<RecordRef> records;
  for (const auto& [key, record] : read_)
    records.push_back({key.first->declaration.get(), key.second});
  parts_.store.Forget(call_.principal.tenant, records);
}

std::vector<RecordChange> Changes::Take() { return std::move(changes_); }

}  // namespace lotura::resource
