#include "libs/events/partitions.h"

#include <algorithm>

#include "libs/base/errors.h"
#include "libs/events/queries.sql.h"

namespace lotura::events {
namespace {

// "20260131", as PostgreSQL's to_char wrote it.
Day DayFrom(std::string_view text) {
  const auto number = [&](std::size_t at, std::size_t size) {
    int value = 0;
    for (const char digit : text.substr(at, size)) value = value * 10 + (digit - '0');
    return value;
  };
  return std::chrono::year{number(0, 4)} / number(4, 2) / number(6, 2);
}

}  // namespace

std::vector<Day> DaysOf(pg::Tx& tx, const std::string& table) {
  const pg::Rows rows = tx.Run(sql::kDaysOf, pg::Params().Text(table));
  std::vector<Day> days;
  for (std::size_t i = 0; i < rows.size(); ++i) days.push_back(DayFrom(rows.Text(i, 0)));
  return days;
}

absl::Status AddDays(pg::Database& database, const std::string& table, Day today, int ahead,
                     Deadline deadline) {
  LOTURA_ASSIGN_OR_RETURN(
      const std::vector<Day> existing,
      database.Read(deadline, [&](pg::Tx& tx) -> absl::StatusOr<std::vector<Day>> {
        return DaysOf(tx, table);
      }));
  absl::Status added;
  for (int offset = -1; offset <= ahead; ++offset) {
    const Day day = today + std::chrono::days(offset);
    if (std::ranges::binary_search(existing, day)) continue;
    // The days behind one that cannot be made are needed all the same.
    added.Update(database.WriteOne(deadline, [&](pg::Tx& tx) {
      tx.Run(sql::kAddDay, pg::Params().Text(table).Raw(pg::binary::Date(day)));
      return absl::OkStatus();
    }));
  }
  return added;
}

absl::Status CheckPartitions(pg::Database& database, std::span<const std::string> tables, Day today,
                             Deadline deadline) {
  return database.Read(deadline, [&](pg::Tx& tx) -> absl::Status {
    for (const std::string& table : tables) {
      const std::vector<Day> days = DaysOf(tx, table);
      if (!std::ranges::binary_search(days, today) ||
          !std::ranges::binary_search(days, today + std::chrono::days(1))) {
        return FailedPrecondition("PARTITION_MISSING",
                                  "a table has no partition for today or tomorrow",
                                  {{"table", table}});
      }
    }
    return absl::OkStatus();
  });
}

}  // namespace lotura::events
