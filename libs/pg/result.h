// What libpq returns, checked.
#pragma once

#include <libpq-fe.h>

#include <memory>

namespace lotura::pg {

struct ClearResult {
  void operator()(PGresult* result) const { PQclear(result); }
};
using Result = std::unique_ptr<PGresult, ClearResult>;

// The result, which must have the status. Otherwise throws pqxx::sql_error with what the server
// said, or pqxx::broken_connection: where libpq says itself that it failed, nobody knows whether
// the statement was carried out, as if the connection were gone.
Result Expect(ExecStatusType status, PGconn& connection, Result result);

}  // namespace lotura::pg
