// What libpq returns, checked.
#pragma once

#include <libpq-fe.h>

#include <memory>

namespace lotura::pg {

struct ClearResult {
  void operator()(PGresult* result) const { PQclear(result); }
};
using Result = std::unique_ptr<PGresult, ClearResult>;

// The result, which must have the status. Throws what libpqxx throws of one that failed.
Result Expect(ExecStatusType status, PGconn& connection, Result result);

}  // namespace lotura::pg
