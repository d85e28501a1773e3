#include "libs/feed/selection.h"

#include <fmt/format.h>

#include <algorithm>

#include "libs/base/errors.h"
#include "libs/feed/seen_event.h"
#include "libs/mutant/use.h"
#include "libs/resource/filter_predicate.h"

namespace lotura::feed {
namespace {

using events::v1::Subscription;

void CheckCount(const char* field, int count, Violations& violations) {
  if (count > kItemsMax)
    violations.Add(field, "TOO_MANY", fmt::format("has more than {} items", kItemsMax));
}

bool IsNameOfSome(const EventCatalog& catalog, const std::string& name) {
  return std::ranges::any_of(catalog.records().types(), [&](const resource::RecordType& type) {
    return !type.declaration->internal() && type.declaration->pattern().Matches(name);
  });
}

void CheckItems(const Subscription& subscription, const EventCatalog& catalog,
                Violations& violations) {
  CheckCount("subscription.resource_types", subscription.resource_types_size(), violations);
  CheckCount("subscription.event_types", subscription.event_types_size(), violations);
  CheckCount("subscription.names", subscription.names_size(), violations);
  for (int i = 0; i < subscription.resource_types_size(); ++i) {
    const auto* type = catalog.records().FindByType(subscription.resource_types(i));
    if (type == nullptr || type->declaration->internal())
      violations.Add(fmt::format("subscription.resource_types[{}]", i), "TYPE_UNKNOWN",
                     "is no record type of this service");
  }
  for (int i = 0; i < subscription.event_types_size(); ++i) {
    if (!catalog.types().contains(subscription.event_types(i)))
      violations.Add(fmt::format("subscription.event_types[{}]", i), "EVENT_TYPE_UNKNOWN",
                     "is no event of this service");
  }
  for (int i = 0; i < subscription.names_size(); ++i) {
    if (!IsNameOfSome(catalog, subscription.names(i)))
      violations.Add(fmt::format("subscription.names[{}]", i), "NAME_INVALID",
                     "is not the name of a record of this service");
  }
}

}  // namespace

absl::StatusOr<Selection> Selection::Make(const Call& call, const Subscription& subscription,
                                          const EventCatalog& catalog) {
  Violations violations;
  CheckItems(subscription, catalog, violations);
  LOTURA_RETURN_IF_ERROR(violations.ToStatus());
  Selection selection;
  selection.subscriber_ = call.principal;
  selection.event_types_.insert(subscription.event_types().begin(),
                                subscription.event_types().end());
  selection.names_.insert(subscription.names().begin(), subscription.names().end());
  LOTURA_RETURN_IF_ERROR(selection.SelectTypes(call, subscription, catalog));
  LOTURA_RETURN_IF_ERROR(selection.SelectFilter(call, subscription));
  return selection;
}

absl::Status Selection::SelectTypes(const Call& call, const Subscription& subscription,
                                    const EventCatalog& catalog) {
  std::string missing;
  for (const resource::RecordType& type : catalog.records().types()) {
    const resource::Declaration& declaration = *type.declaration;
    if (declaration.internal()) continue;
    const auto& wanted = subscription.resource_types();
    if (!wanted.empty() && std::ranges::find(wanted, declaration.type()) == wanted.end()) continue;
    const std::string& permission = catalog.PermissionOf(type);
    if (call.principal.Permits(permission)) {
      types_[declaration.message()->full_name()] = {.type = &type, .permission = permission};
    } else if (missing.empty()) {
      missing = permission;
    }
  }
  if (types_.empty()) {
    return missing.empty() ? InvalidArgument("subscription.service", "SERVICE_UNKNOWN",
                                             "has no record types and announces nothing")
                           : PermissionDenied(missing);
  }
  return absl::OkStatus();
}

absl::Status Selection::SelectFilter(const Call& call, const Subscription& subscription) {
  if (subscription.filter().empty()) return absl::OkStatus();
  if (subscription.resource_types_size() != 1) {
    return InvalidArgument("subscription.filter", "FILTER_NEEDS_ONE_TYPE",
                           "needs exactly one resource type, whose fields it names");
  }
  const resource::Declaration& declaration = *types_.begin()->second.type->declaration;
  LOTURA_ASSIGN_OR_RETURN(filter_,
                          resource::CompileFilter(subscription.filter(), declaration, call.now));
  filter_columns_ = resource::ColumnsOf(*filter_);
  if (mutant::Omits("feed.filter")) return absl::OkStatus();
  return resource::CheckShown(*resource::ViewFor(call.principal, declaration), filter_columns_,
                              "subscription.filter");
}

bool Selection::IsSelected(const FeedEvent& event) const {
  return event_types_.empty() || event_types_.contains(event.event().type());
}

bool Selection::Passes(const pbuf::Message& record, const resource::View& view) const {
  if (!filter_.has_value()) return true;
  const bool shown = mutant::Omits("feed.asked") ||
                     std::ranges::all_of(filter_columns_, [&](const resource::Column* column) {
                       return view.Of(*column, record) >= resource::FieldAccess::kRead;
                     });
  return shown && resource::FilterMatches(*filter_, record);
}

Selection::ResponsePtr Selection::Find(const FeedEvent& event) const {
  const resource::RecordType* const type = FindType(event.resource_type());
  if (type == nullptr) return nullptr;
  if (!names_.empty() && !names_.contains(event.event().subject())) return nullptr;
  const bool whole = subscriber_.SeesAll();
  if (whole && !IsSelected(event)) return nullptr;
  if (whole && !filter_.has_value()) return event.response();
  const resource::Declaration& declaration = *type->declaration;
  const resource::ViewPtr view = resource::ViewFor(subscriber_, declaration);
  const FeedEvent::Records& records = event.RecordsAs(declaration);
  const auto passes = [&](const auto& record) {
    return record != nullptr &&
           (mutant::Omits("feed.record") || view->Allows(resource::Access::kRead, *record)) &&
           Passes(*record, *view);
  };
  if (!passes(records.before) && !passes(records.after)) return nullptr;
  // Of what leaves his view he is told, whichever events he asked for.
  const bool leaves =
      records.after == nullptr || !view->Allows(resource::Access::kRead, *records.after);
  if (!leaves && !IsSelected(event)) return nullptr;
  return whole ? event.response() : SeenThrough(*view, event);
}

bool Selection::WantsRecord(const resource::Declaration& declaration,
                            const pbuf::Message& record) const {
  if (!names_.empty() && !names_.contains(declaration.NameOf(record))) return false;
  return !filter_.has_value() || resource::FilterMatches(*filter_, record);
}

std::vector<std::string> Selection::ResourceTypes() const {
  std::vector<std::string> names;
  for (const auto& [name, type] : types_) names.push_back(name);
  return names;
}

const resource::RecordType* Selection::FindType(const std::string& message) const {
  const auto found = types_.find(message);
  const bool readable =
      found != types_.end() && resource::PermitsNow(subscriber_, found->second.permission);
  return readable ? found->second.type : nullptr;
}

std::vector<resource::ViewPtr> Selection::Views() const {
  std::vector<resource::ViewPtr> views;
  for (const auto& [message, selected] : types_) {
    const bool readable = resource::PermitsNow(subscriber_, selected.permission);
    views.push_back(readable ? resource::ViewFor(subscriber_, *selected.type->declaration)
                             : nullptr);
  }
  return views;
}

}  // namespace lotura::feed
