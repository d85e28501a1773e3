#include "libs/pg/fault.h"

#include <pqxx/except>
#include <string_view>

#include "libs/base/errors.h"

namespace lotura::pg {
namespace {

struct SqlStateRule {
  std::string_view prefix;
  absl::StatusCode code;
  std::string_view reason;
  std::string_view message;
  bool transient;
  // If set, the rule is about errors that this function of the server raises.
  std::string_view raised_by = {};
};

constexpr std::string_view kPlanChanged = "PLAN_CHANGED";

// The first rule that fits decides.
constexpr SqlStateRule kRules[] = {
    {"23505", absl::StatusCode::kAlreadyExists, "UNIQUE_VIOLATION",
     "the same value is stored already", false},
    {"23503", absl::StatusCode::kFailedPrecondition, "REFERENCE_VIOLATION",
     "a record that is referred to does not exist or is in use", false},
    {"23514", absl::StatusCode::kUnavailable, "PARTITION_MISSING",
     "the table has no partition for the row yet", false, "ExecFindPartition"},
    {"23514", absl::StatusCode::kFailedPrecondition, "CHECK_VIOLATION",
     "a rule of the database forbids the value", false},
    {"22", absl::StatusCode::kInvalidArgument, "DATA_EXCEPTION", "a value is not representable",
     false},
    {"40001", absl::StatusCode::kAborted, "SERIALIZATION_FAILURE",
     "lost a race with another transaction", true},
    {"40P01", absl::StatusCode::kAborted, "DEADLOCK", "lost a race with another transaction", true},
    {"55P03", absl::StatusCode::kAborted, "LOCK_TIMEOUT",
     "another transaction held the record for too long", false},
    {"57014", absl::StatusCode::kDeadlineExceeded, "DEADLINE_EXCEEDED",
     "the statement took too long", false},
    {"57P", absl::StatusCode::kUnavailable, "DATABASE_UNAVAILABLE", "the database is not available",
     false},
    {"53", absl::StatusCode::kUnavailable, "DATABASE_EXHAUSTED",
     "the database has no resources left", false},
    {"25006", absl::StatusCode::kUnavailable, "DATABASE_READ_ONLY",
     "the database accepts no writes", false},
    {"0A000", absl::StatusCode::kAborted, kPlanChanged, "the schema changed meanwhile", true,
     "RevalidateCachedQuery"},
};

// The function of the server that raised the error. A message of a session with full verbosity ends
// with "LOCATION:  function, file.c:123", which the server does not translate and where no data of a
// user can stand.
std::string_view RaisedBy(std::string_view message) {
  const std::size_t comma = message.rfind(", ");
  if (comma == std::string_view::npos) return {};
  const std::string_view before = message.substr(0, comma);
  return before.substr(before.rfind(' ') + 1);
}

Fault FromSqlState(const std::string& state, std::string_view raised_by = {}) {
  for (const SqlStateRule& rule : kRules) {
    if (!state.starts_with(rule.prefix)) continue;
    if (!rule.raised_by.empty() && rule.raised_by != raised_by) continue;
    // A statement whose result has changed its type stays unusable in every session that prepared it.
    const bool lost = state.starts_with("57P") || rule.reason == kPlanChanged;
    return {Error(rule.code, rule.reason, rule.message, {{"sqlstate", state}}), lost,
            rule.transient};
  }
  return {
      Error(absl::StatusCode::kInternal, "DATABASE_ERROR", "internal error", {{"sqlstate", state}}),
      false, false};
}

Fault Lost(During during) {
  if (during == During::kWriteSent) {
    return {Error(absl::StatusCode::kUnknown, "COMMIT_IN_DOUBT",
                  "the connection was lost before the outcome was known"),
            true, false};
  }
  return {Unavailable("DATABASE_UNAVAILABLE", "the database is not available"), true, false};
}

}  // namespace

Fault ToFault(std::exception_ptr thrown, During during) {
  try {
    std::rethrow_exception(thrown);
  } catch (const pqxx::in_doubt_error&) {
    return Lost(During::kWriteSent);
  } catch (const pqxx::statement_completion_unknown&) {
    return Lost(During::kWriteSent);
  } catch (const pqxx::serialization_failure&) {
    return FromSqlState("40001");
  } catch (const pqxx::deadlock_detected&) {
    return FromSqlState("40P01");
  } catch (const pqxx::broken_connection&) {
    return Lost(during);
  } catch (const pqxx::unique_violation&) {
    return FromSqlState("23505");
  } catch (const pqxx::foreign_key_violation&) {
    return FromSqlState("23503");
  } catch (const pqxx::sql_error& e) {
    return FromSqlState(e.sqlstate(), RaisedBy(e.what()));
  } catch (const std::exception&) {
    return {Internal("internal error"), true, false};
  }
}

}  // namespace lotura::pg
