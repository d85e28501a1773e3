#include "libs/pg/result.h"

#include <pqxx/except>
#include <string_view>

namespace lotura::pg {

Result Expect(ExecStatusType status, PGconn& connection, Result result) {
  if (PQresultStatus(result.get()) == status) return result;
  const char* state = PQresultErrorField(result.get(), PG_DIAG_SQLSTATE);
  // Class 08 is about the connection.
  if (state == nullptr || std::string_view(state).starts_with("08") ||
      PQstatus(&connection) != CONNECTION_OK)
    throw pqxx::broken_connection("lost during a statement");
  throw pqxx::sql_error(PQresultErrorMessage(result.get()), "", state);
}

}  // namespace lotura::pg
