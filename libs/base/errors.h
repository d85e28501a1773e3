// The one way to make an error: a status with a code, a reason that never changes once released,
// and what a caller may know.
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace lotura {

// One wrong field of a request. `field` is the path within the request message
// ("opportunity.amount.units").
struct FieldViolation {
  std::string field;
  std::string reason;
  std::string description;
};

// What every error carries besides its code and message. Each dynamic part of the message stands in
// `metadata`.
struct ErrorInfo {
  std::string reason;
  std::map<std::string, std::string> metadata;
};

// Collects all wrong fields of a request, so that the caller learns of them at once.
class Violations {
 public:
  // Violations beyond this number are dropped: trailers of a call are limited in size.
  static constexpr std::size_t kMax = 50;

  void Add(std::string field, std::string reason, std::string description);
  // Those of another place, with `prefix` before each field ("requests[3].").
  void AddAll(const std::vector<FieldViolation>& others, std::string_view prefix = {});
  [[nodiscard]] bool empty() const { return found_.empty(); }
  [[nodiscard]] const std::vector<FieldViolation>& found() const { return found_; }
  // OK if nothing was added, otherwise INVALID_ARGUMENT with reason BAD_REQUEST (or the only
  // violation's own reason).
  [[nodiscard]] absl::Status ToStatus() const;

 private:
  std::vector<FieldViolation> found_;
};

// Makes the error. `reason` is UPPER_SNAKE and at most 63 characters long.
absl::Status Error(absl::StatusCode code, std::string_view reason, std::string_view message,
                   std::map<std::string, std::string> metadata = {});

absl::Status InvalidArgument(std::string field, std::string reason, std::string description);
absl::Status NotFound(std::string_view what, std::string_view name);
absl::Status PermissionDenied(std::string_view permission);
absl::Status Unauthenticated(std::string_view reason, std::string_view message);
absl::Status FailedPrecondition(std::string_view reason, std::string_view message,
                                std::map<std::string, std::string> metadata = {});
absl::Status Aborted(std::string_view reason, std::string_view message,
                     std::map<std::string, std::string> metadata = {});
absl::Status AlreadyExists(std::string_view reason, std::string_view message,
                           std::map<std::string, std::string> metadata = {});
// Carries a RetryInfo: the caller may try again after `retry_after_ms`.
absl::Status ResourceExhausted(std::string_view reason, std::string_view message,
                               std::int64_t retry_after_ms);
absl::Status Unavailable(std::string_view reason, std::string_view message);
absl::Status DeadlineExceeded(std::string_view message);
absl::Status Internal(std::string_view message);

// What an error was made with; reason "INTERNAL" for a status that was not made here.
ErrorInfo InfoOf(const absl::Status& status);
std::string ReasonOf(const absl::Status& status);
std::vector<FieldViolation> ViolationsOf(const absl::Status& status);
// Whether the same work may succeed when it is done again.
bool MayPass(const absl::Status& status);
// Text of a status as a standard string.
std::string Message(const absl::Status& status);

}  // namespace lotura

// Returns from the current function if `expression` is an error.
#define LOTURA_RETURN_IF_ERROR(expression)           \
  do {                                               \
    absl::Status lotura_status_ = (expression);      \
    if (!lotura_status_.ok()) return lotura_status_; \
  } while (false)

#define LOTURA_CONCAT_INNER(a, b) a##b
#define LOTURA_CONCAT(a, b) LOTURA_CONCAT_INNER(a, b)

// NOLINTBEGIN(bugprone-macro-parentheses): the left side may be a declaration.
// `LOTURA_ASSIGN_OR_RETURN(const T value, MakeT());` returns the error or goes on with the value.
#define LOTURA_ASSIGN_OR_RETURN(left, expression) \
  LOTURA_ASSIGN_OR_RETURN_INNER(LOTURA_CONCAT(lotura_or_, __LINE__), left, expression)
#define LOTURA_ASSIGN_OR_RETURN_INNER(result, left, expression) \
  auto result = (expression);                                   \
  if (!result.ok()) return result.status();                     \
  left = std::move(result).value()
// NOLINTEND(bugprone-macro-parentheses)
