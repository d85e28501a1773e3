#include "libs/pg/copy.h"

#include <algorithm>
#include <pqxx/except>

#include "libs/pg/result.h"

namespace lotura::pg {
namespace {

// Larger pieces gain nothing, and the server holds a whole one.
constexpr std::size_t kPieceMax = 64 * 1024;

[[noreturn]] void Lost() { throw pqxx::broken_connection("lost during COPY"); }

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
  Result result(PQgetResult(&connection));
  // The connection takes nothing else before all was read.
  while (Result(PQgetResult(&connection)) != nullptr) continue;
  Expect(PGRES_COMMAND_OK, connection, std::move(result));
}

}  // namespace lotura::pg
