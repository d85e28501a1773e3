#include "libs/feed/outlook.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "libs/resource/filter_sql.h"

namespace lotura::feed {
namespace {

using resource::FieldAccess;

void PutText(std::string& out, std::string_view text) {
  out += fmt::format("{}:", text.size());
  out += text;
}

// Of the grant what reading depends on, and not who gave it. A field that a later release adds
// changes nothing where it is hidden, or where all are shown.
std::string ReadingOf(const resource::View& view, const resource::Grant& grant) {
  std::string text;
  const resource::SqlFragment records = resource::FilterToSql(grant.records, 1);
  PutText(text, records.text);
  for (const std::string& param : records.params) PutText(text, param);
  if (grant.fields.empty()) return text + "*";
  for (const resource::Column& column : view.declaration().columns()) {
    const FieldAccess access = view.In(grant, column);
    if (access == FieldAccess::kHidden) continue;
    PutText(text, column.name);
    text += access == FieldAccess::kMasked ? 'm' : 'r';
  }
  return text;
}

std::string ReadingOf(const resource::ViewPtr& view) {
  if (view == nullptr) return "none";
  if (view->IsWhole()) return "all";
  // In whichever order they came, and how often.
  std::set<std::string> grants;
  for (const resource::Grant& grant : view->grants()) {
    if (grant.access >= resource::Access::kRead) grants.insert(ReadingOf(*view, grant));
  }
  std::string text;
  for (const std::string& grant : grants) PutText(text, grant);
  return text;
}

}  // namespace

bool Outlook::Look(const TenantId& tenant, const Selection& selection, const ResumeTokens& tokens) {
  // Who may not follow any more is not told that he sees nothing, but why his stream ends.
  if (!selection.MaySubscribe()) return false;
  if (!mark_.empty() && !selection.ViewsMayChange()) return false;
  std::vector<resource::ViewPtr> views = selection.Views();
  // They are made once for each version of what a tenant's users may do.
  if (!mark_.empty() && views == views_) return false;
  std::string text;
  const std::vector<std::string> types = selection.ResourceTypes();
  for (std::size_t i = 0; i < types.size(); ++i) {
    PutText(text, types[i]);
    PutText(text, ReadingOf(views[i]));
  }
  views_ = std::move(views);
  std::string mark = tokens.MarkOf(tenant, text);
  const bool changed = mark != mark_;
  mark_ = std::move(mark);
  return changed;
}

}  // namespace lotura::feed
