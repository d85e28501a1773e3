// Sends rows by COPY, which libpqxx knows in its text form alone.
#pragma once

#include <libpq-fe.h>

#include <span>
#include <string>

#include "libs/pg/copy_rows.h"

namespace lotura::pg {

// Runs `text`, a "COPY ... FROM STDIN (FORMAT binary)", with the rows at `places`, which ascend.
// Throws what libpqxx throws.
void CopyIn(PGconn& connection, const std::string& text, const CopyRows& rows,
            std::span<const std::size_t> places);

}  // namespace lotura::pg
