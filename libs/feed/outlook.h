// What a subscriber may see, as a mark that changes with it.
#pragma once

#include <string>
#include <vector>

#include "libs/feed/resume_token.h"
#include "libs/feed/selection.h"

namespace lotura::feed {

// Not thread-safe.
class Outlook {
 public:
  // Whether the mark has become another one.
  bool Look(const TenantId& tenant, const Selection& selection, const ResumeTokens& tokens);
  // The same, on every replica and in every stream, for whoever may read the same of the same types
  // by the same conditions. Empty before the first look.
  [[nodiscard]] const std::string& mark() const { return mark_; }

 private:
  // What the mark was made of.
  std::vector<resource::ViewPtr> views_;
  std::string mark_;
};

}  // namespace lotura::feed
