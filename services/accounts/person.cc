#include "services/accounts/person.h"

#include <fmt/format.h>

#include "libs/base/calendar.h"
#include "libs/base/text.h"
#include "libs/resource/changes.h"
#include "services/accounts/contact.h"
#include "services/accounts/domain/reasons.h"

namespace lotura::accounts {
namespace {

// Given name first; languages that put it last set the display name.
std::string WholeName(const v1::Person& person) {
  return std::string(Trim(fmt::format("{} {}", person.given_name(), person.family_name())));
}

// A display name that was made of the two names follows them.
bool FollowsNames(const v1::Person* before, const v1::Person& after) {
  if (Trim(after.display_name()).empty()) return true;
  return before != nullptr && before->display_name() == after.display_name() &&
         before->display_name() == WholeName(*before);
}

absl::Status Derive(resource::Changes& changes, const v1::Person* before, v1::Person& after) {
  Violations violations;
  NormalizePhones(before == nullptr ? nullptr : &before->phones(), *after.mutable_phones(),
                  violations);
  if (FollowsNames(before, after) && !WholeName(after).empty())
    after.set_display_name(WholeName(after));
  // Somewhere on earth tomorrow has begun.
  const Day latest = DayOf(changes.call().now) + std::chrono::days(1);
  if (after.has_birth_date() && ToDay(after.birth_date()).value_or(latest) > latest) {
    violations.Add("birth_date", reasons::kOutOfRange, "must not lie in the future");
  }
  return violations.ToStatus();
}

void Validate(const v1::Person* /*before*/, const v1::Person& after, Violations& violations) {
  if (Trim(after.display_name()).empty()) {
    violations.Add("display_name", reasons::kRequired,
                   "is missing, and so are given and family name");
  }
  if (!after.language_code().empty() && !IsLanguageCode(after.language_code())) {
    violations.Add("language_code", reasons::kFormatInvalid, "is not a language code (BCP 47)");
  }
  CheckAddresses(after.addresses(), violations);
  CheckPhones(after.phones(), violations);
  CheckTags(after.tags(), violations);
}

}  // namespace

resource::Rules<v1::Person> PersonRules() { return {.derive = Derive, .validate = Validate}; }

}  // namespace lotura::accounts
