#include "libs/pg/copy.h"

#include <memory>
#include <pqxx/except>

namespace lotura::pg {
namespace {

struct Clear {
  void operator()(PGresult* result) const { PQclear(result); }
};
using Result = std::unique_ptr<PGresult, Clear>;

// Larger pieces gain nothing, and the server holds a whole one.
constexpr std::size_t kPieceMax = 64 * 1024;

[[noreturn]] void Lost() { throw pqxx::broken_connection("lost during COPY"); }

void Expect(ExecStatusType status, PGconn& connection, const Result& result) {
  if (PQresultStatus(result.get()) == status) return;
  const char* state = PQresultErrorField(result.get(), PG_DIAG_SQLSTATE);
  if (state == nullptr || PQstatus(&connection) != CONNECTION_OK) Lost();
  throw pqxx::sql_error(PQresultErrorMessage(result.get()), "", state);
}

void Put(PGconn& connection, std::string_view bytes) {
  for (; !bytes.empty(); bytes.remove_prefix(std::min(bytes.size(), kPieceMax))) {
    const std::string_view piece = bytes.substr(0, kPieceMax);
    if (PQputCopyData(&connection, piece.data(), static_cast<int>(piece.size())) != 1) Lost();
  }
}

void PutRows(PGconn& connection, const CopyRows& rows, std::span<const std::size_t> places) {
  for (std::size_t i = 0; i < places.size();) {
    const std::size_t first = places[i];
    std::size_t last = first;
    while (i < places.size() && places[i] == last) {
      ++i;
      ++last;
    }
    Put(connection, rows.Bytes(first, last));
  }
}

}  // namespace

void CopyIn(PGconn& connection, const std::string& text, const CopyRows& rows,
            std::span<const std::size_t> places) {
  Expect(PGRES_COPY_IN, connection, Result(PQexec(&connection, text.c_str())));
  Put(connection, CopyRows::Header());
  PutRows(connection, rows, places);
  Put(connection, CopyRows::Trailer());
  if (PQputCopyEnd(&connection, nullptr) != 1) Lost();
  const Result result(PQgetResult(&connection));
  // The connection takes nothing else before all was read.
  while (Result(PQgetResult(&connection)) != nullptr) continue;
  Expect(PGRES_COMMAND_OK, connection, result);
}

}  // namespace lotura::pg
