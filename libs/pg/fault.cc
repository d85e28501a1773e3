#include "libs/pg/fault.h"

#include <pqxx/except>
#include <string_view>

#include "libs/base/errors.h"

namespace lotura::pg {
namespace {

// What follows from an error beyond its status.
enum class Then { kNothing, kRerun, kAlarm };

struct SqlStateRule {
  std::string_view prefix;
  absl::StatusCode code;
  Then then;
  std::string_view reason;
  std::string_view message;
  // If set, the rule is about errors that this function of the server raises.
  std::string_view raised_by = {};
};

constexpr std::string_view kPlanChanged = "PLAN_CHANGED";
// Heals when a rollout has brought schema, privileges and programs together.
constexpr std::string_view kSchemaMismatch = "SCHEMA_MISMATCH";
constexpr std::string_view kOtherSchema = "the database does not have the schema of this version";

// The first rule that fits decides.
constexpr SqlStateRule kRules[] = {
    {"23505", absl::StatusCode::kAlreadyExists, Then::kNothing, "UNIQUE_VIOLATION",
     "the same value is stored already"},
    {"23503", absl::StatusCode::kFailedPrecondition, Then::kNothing, "REFERENCE_VIOLATION",
     "a record that is referred to does not exist or is in use"},
    {"23514", absl::StatusCode::kUnavailable, Then::kAlarm, "PARTITION_MISSING",
     "the table has no partition for the row yet", "ExecFindPartition"},
    {"23514", absl::StatusCode::kFailedPrecondition, Then::kNothing, "CHECK_VIOLATION",
     "a rule of the database forbids the value"},
    {"22", absl::StatusCode::kInvalidArgument, Then::kNothing, "DATA_EXCEPTION",
     "a value is not representable"},
    {"40001", absl::StatusCode::kAborted, Then::kRerun, "SERIALIZATION_FAILURE",
     "lost a race with another transaction"},
    {"40P01", absl::StatusCode::kAborted, Then::kRerun, "DEADLOCK",
     "lost a race with another transaction"},
    {"55P03", absl::StatusCode::kAborted, Then::kNothing, "LOCK_TIMEOUT",
     "another transaction held the record for too long"},
    {"57014", absl::StatusCode::kDeadlineExceeded, Then::kNothing, "DEADLINE_EXCEEDED",
     "the statement took too long"},
    {"57P", absl::StatusCode::kUnavailable, Then::kNothing, "DATABASE_UNAVAILABLE",
     "the database is not available"},
    {"53", absl::StatusCode::kUnavailable, Then::kNothing, "DATABASE_EXHAUSTED",
     "the database has no resources left"},
    {"25006", absl::StatusCode::kUnavailable, Then::kNothing, "DATABASE_READ_ONLY",
     "the database accepts no writes"},
    {"0A000", absl::StatusCode::kAborted, Then::kRerun, kPlanChanged,
     "the schema changed meanwhile", "RevalidateCachedQuery"},
    {"42P01", absl::StatusCode::kUnavailable, Then::kAlarm, kSchemaMismatch, kOtherSchema},
    {"42703", absl::StatusCode::kUnavailable, Then::kAlarm, kSchemaMismatch, kOtherSchema},
    {"42883", absl::StatusCode::kUnavailable, Then::kAlarm, kSchemaMismatch, kOtherSchema},
    {"42501", absl::StatusCode::kUnavailable, Then::kAlarm, kSchemaMismatch,
     "the database does not permit this service what it needs"},
};

// The function of the server that raised the error. A message of a session with full verbosity ends
// with "LOCATION:  function, file.c:123", which the server does not translate and where no data of
// a user can stand.
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
    // A statement whose result has changed its type stays unusable in every session that prepared
    // it.
    const bool lost = state.starts_with("57P") || rule.reason == kPlanChanged;
    return {Error(rule.code, rule.reason, rule.message, {{"sqlstate", state}}), lost,
            rule.then == Then::kRerun, rule.then == Then::kAlarm};
  }
  return {
      Error(absl::StatusCode::kInternal, "DATABASE_ERROR", "internal error", {{"sqlstate", state}}),
      false, false, true};
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
    std::rethrow_exception(std::move(thrown));
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
  } catch (const pqxx::insufficient_privilege&) {
    return FromSqlState("42501");
  } catch (const pqxx::sql_error& e) {
    return FromSqlState(e.sqlstate(), RaisedBy(e.what()));
  } catch (const pqxx::pqxx_exception&) {
    return {Internal("internal error"), true, false, true};
  } catch (...) {
    // Code of the body has thrown: the connection has done nothing wrong.
    return {Internal("internal error"), false, false, true};
  }
}

}  // namespace lotura::pg
