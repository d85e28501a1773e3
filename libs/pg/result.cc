#include "libs/pg/result.h"

#include <pqxx/except>

namespace lotura::pg {

Result Expect(ExecStatusType status, PGconn& connection, Result result) {
  if (PQresultStatus(result.get()) == status) return result;
  const char* state = PQresultErrorField(result.get(), PG_DIAG_SQLSTATE);
  if (state == nullptr || PQstatus(&connection) != CONNECTION_OK)
    throw pqxx::broken_connection("lost during a statement");
  throw pqxx::sql_error(PQresultErrorMessage(result.get()), "", state);
}

}  // namespace lotura::pg
