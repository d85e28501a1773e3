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
  std::string_view reason;
  std::string_view message;
  Then then;
  // If set, the rule is about errors that this function of the server raises.
  std::string_view raised_by = {};
};

constexpr std::string_view kPlanChanged = "PLAN_CHANGED";
// Heals when a rollout has brought schema, privileges and programs together.
constexpr std::string_view kSchemaMismatch = "SCHEMA_MISMATCH";
constexpr std::string_view kOtherSchema = "the database does not have the schema of this version";

// The first rule that fits decides.
constexpr SqlStateRule kRules[] = {
    {"23505", absl::StatusCode::kAlreadyExists, "UNIQUE_VIOLATION",
     "the same value is stored already", Then::kNothing},
    {"23503", absl::StatusCode::kFailedPrecondition, "REFERENCE_VIOLATION",
     "a record that is referred to does not exist or is in use", Then::kNothing},
    {"23514", absl::StatusCode::kUnavailable, "PARTITION_MISSING",
     "the table has no partition for the row yet", Then::kAlarm, "ExecFindPartition"},
    {"23514", absl::StatusCode::kFailedPrecondition, "CHECK_VIOLATION",
     "a rule of the database forbids the value", Then::kNothing},
    {"22", absl::StatusCode::kInvalidArgument, "DATA_EXCEPTION", "a value is not representable",
     Then::kNothing},
    {"40001", absl::StatusCode::kAborted, "SERIALIZATION_FAILURE",
     "lost a race with another transaction", Then::kRerun},
    {"40P01", absl::StatusCode::kAborted, "DEADLOCK", "lost a race with another transaction",
     Then::kRerun},
    {"55P03", absl::StatusCode::kAborted, "LOCK_TIMEOUT",
     "another transaction held the record for too long", Then::kNothing},
    {"57014", absl::StatusCode::kDeadlineExceeded, "DEADLINE_EXCEEDED",
     "the statement took too long", Then::kNothing},
    {"57P", absl::StatusCode::kUnavailable, "DATABASE_UNAVAILABLE", "the database is not available",
     Then::kNothing},
    {"53", absl::StatusCode::kUnavailable, "DATABASE_EXHAUSTED",
     "the database has no resources left", Then::kNothing},
    {"25006", absl::StatusCode::kUnavailable, "DATABASE_READ_ONLY",
     "the database accepts no writes", Then::kNothing},
    {"0A000", absl::StatusCode::kAborted, kPlanChanged, "the schema changed meanwhile",
     Then::kRerun, "RevalidateCachedQuery"},
    {"42P01", absl::StatusCode::kUnavailable, kSchemaMismatch, kOtherSchema, Then::kAlarm},
    {"42703", absl::StatusCode::kUnavailable, kSchemaMismatch, kOtherSchema, Then::kAlarm},
    {"42883", absl::StatusCode::kUnavailable, kSchemaMismatch, kOtherSchema, Then::kAlarm},
    {"42501", absl::StatusCode::kUnavailable, kSchemaMismatch,
     "the database does not permit this service what it needs", Then::kAlarm},
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
