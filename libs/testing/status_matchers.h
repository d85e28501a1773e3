// Matchers for statuses.
#pragma once

#include <gmock/gmock.h>

#include <string>

#include "libs/base/errors.h"

namespace lotura::testing {

inline const absl::Status& StatusOf(const absl::Status& status) { return status; }
template <typename T>
const absl::Status& StatusOf(const absl::StatusOr<T>& result) {
  return result.status();
}

MATCHER(IsOk, "is OK") {
  *result_listener << StatusOf(arg).ToString();
  return arg.ok();
}

MATCHER_P2(StatusIs, code, reason,
           "has code " + absl::StatusCodeToString(code) + " and reason " + std::string(reason)) {
  *result_listener << StatusOf(arg).ToString();
  return StatusOf(arg).code() == code && ReasonOf(StatusOf(arg)) == reason;
}

// At least one violation of this field with this reason.
MATCHER_P2(HasViolation, field, reason,
           "names field " + std::string(field) + " with reason " + std::string(reason)) {
  const auto violations = ViolationsOf(StatusOf(arg));
  for (const FieldViolation& violation : violations)
    *result_listener << violation.field << ": " << violation.reason << "; ";
  return std::ranges::any_of(violations, [&](const FieldViolation& violation) {
    return violation.field == field && violation.reason == reason;
  });
}

}  // namespace lotura::testing

#define LOTURA_TEST_CONCAT(a, b) LOTURA_CONCAT(a, b)
#define ASSERT_OK_AND_ASSIGN(left, expression) \
  ASSERT_OK_AND_ASSIGN_INNER(LOTURA_TEST_CONCAT(lotura_or_, __LINE__), left, expression)
// NOLINTBEGIN(bugprone-macro-parentheses): the left side may be a declaration.
#define ASSERT_OK_AND_ASSIGN_INNER(result, left, expression) \
  auto result = (expression);                                \
  ASSERT_TRUE(result.ok()) << result.status().ToString();    \
  left = std::move(result).value()
// NOLINTEND(bugprone-macro-parentheses)
