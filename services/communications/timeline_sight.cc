#include "services/communications/timeline_sight.h"

#include <algorithm>
#include <functional>

#include "libs/access/vocabulary.h"
#include "libs/base/check.h"
#include "libs/mutant/use.h"
#include "lotura/sales/v1/opportunity.pb.h"
#include "services/communications/related.h"

namespace lotura::communications {
namespace {

using Entry = v1::TimelineEntry;

// Where the time of an opportunity's change may come from, as on_change has it.
constexpr std::string_view kStageTime = "stage_enter_time";

bool Names(const google::protobuf::RepeatedPtrField<std::string>& names,
           const std::string& record) {
  return std::ranges::find(names, record) != names.end();
}

// Whether the entry stands at the time of the stage, and not at that of the change; or may, where
// it does not say what changed.
bool IsAtStageTime(const Entry& entry, const google::protobuf::Descriptor& type) {
  if (&type != sales::v1::Opportunity::descriptor()) return false;
  if (entry.kind() == Entry::KIND_DELETED || entry.kind() == Entry::KIND_UNDELETED) return false;
  return entry.kind() == Entry::KIND_CREATED || entry.kind() == Entry::KIND_MOVED ||
         entry.kind() == Entry::KIND_REOPENED || entry.changed_fields().paths().empty() ||
         Names(entry.changed_fields().paths(), std::string(kStageTime));
}

}  // namespace

bool IsActivity(const Entry& entry) {
  return entry.source().starts_with("//communications.lotura/activities/");
}

TimelineSight::TimelineSight(const Call& call, const std::string& record,
                             const resource::Catalog& catalog)
    : record_(record), records_(call.principal) {
  const resource::Declaration& declaration = *catalog.Find(v1::Activity::descriptor())->declaration;
  if (resource::PermitsNow(call.principal, access::ReadPermissionOf(declaration)))
    activities_ = resource::ViewFor(call.principal, declaration);
}

bool TimelineSight::SeesRecord(pg::Tx& tx) {
  records_.Load(tx, {record_});
  return records_.Find(record_) != nullptr;
}

void TimelineSight::Sieve(pg::Tx& tx, std::vector<Entry>& entries) {
  std::set<std::string> names{record_};
  for (const Entry& entry : entries) names.insert(entry.source());
  // The record's as well: it may have been taken away since it was looked at.
  records_.Load(tx, names);
  const bool sees_record = records_.Find(record_) != nullptr;
  std::erase_if(entries, [&](const Entry& entry) {
    const access::ReadableRecord* source = records_.Find(entry.source());
    return !sees_record || source == nullptr || !source->IsKnownAt(entry.version());
  });
}

bool TimelineSight::Trim(Entry& entry) {
  return IsActivity(entry) ? TrimActivity(entry) : TrimChange(entry);
}

bool TimelineSight::TrimChange(Entry& entry) {
  const access::ReadableRecord* source = records_.Find(entry.source());
  LOTURA_CHECK(source != nullptr);
  const auto shows = [&](std::string_view path) { return source->Shows(path); };
  // Where and when it stands tells of fields as well.
  if (IsAtStageTime(entry, source->type()) && !shows(kStageTime)) return false;
  if (entry.source() != record_ && !std::ranges::all_of(RelatingFields(source->type()), shows))
    return false;
  if (!shows("display_name")) entry.clear_source_display_name();
  if (!source->ShowsAll()) entry.clear_detail();
  if (!entry.has_changed_fields()) return true;
  auto& paths = *entry.mutable_changed_fields()->mutable_paths();
  paths.erase(std::remove_if(paths.begin(), paths.end(), std::not_fn(shows)), paths.end());
  return true;
}

bool TimelineSight::TrimActivity(Entry& entry) {
  // It was deleted a moment ago.
  if (activities_ == nullptr || !entry.has_activity()) return false;
  v1::Activity& activity = *entry.mutable_activity();
  if (mutant::Omits("timeline.fields")) return true;
  const auto shows = [&](std::string_view field) { return activities_->Reads(field, activity); };
  const bool stands_here = (shows("regarding") && Names(activity.regarding(), record_)) ||
                           (shows("participants") && Names(activity.participants(), record_));
  if (!stands_here || !shows("kind") || !shows("start_time")) return false;
  if (!shows("subject")) entry.clear_source_display_name();
  if (!shows("owner")) entry.clear_actor();
  activities_->Mask(activity);
  return true;
}

}  // namespace lotura::communications
