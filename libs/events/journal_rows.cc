#include "libs/events/journal_rows.h"

#include <fmt/chrono.h>

#include <bit>
#include <limits>

#include "libs/base/check.h"
#include "libs/events/queries.sql.h"

namespace lotura::events {
namespace {

std::string Replaced(std::string text, std::string_view what, std::string_view by) {
  const std::size_t at = text.find(what);
  LOTURA_CHECK(at != std::string::npos);
  return text.replace(at, what.size(), by);
}

std::string BytesOrEmpty(const pg::Rows& rows, std::size_t row, std::size_t column) {
  return rows.IsNull(row, column) ? std::string() : rows.Bytes(row, column);
}

std::string IdOrEmpty(const pg::Rows& rows, std::size_t row, std::size_t column) {
  return rows.IsNull(row, column) ? std::string() : rows.Id(row, column).ToString();
}

}  // namespace

std::string ForLeaf(const pg::Query& query, Day day) {
  return Replaced(query.text, "journal_leaf", fmt::format("journal_{:%Y%m%d}", day));
}

std::string ForTable(const pg::Query& query, std::string_view table) {
  return Replaced(query.text, "projection_table", table);
}

std::string ReadStatement(std::span<const Day> days) {
  std::string leaves;
  for (const Day day : days) {
    leaves +=
        fmt::format("{}({})", leaves.empty() ? "" : " UNION ALL ", ForLeaf(sql::kReadLeaf, day));
  }
  return Replaced(sql::kBoundRead.text, "journal_leaves", leaves);
}

std::string HistoryStatement(const pg::Query& query, const pg::Query& leaf,
                             std::span<const Day> days) {
  std::string leaves;
  for (const Day day : days)
    leaves += fmt::format("{}({})", leaves.empty() ? "" : " UNION ALL ", ForLeaf(leaf, day));
  return Replaced(query.text, "history_leaves", leaves);
}

std::string HistoryStartStatement(std::span<const Day> days) {
  std::string leaves;
  for (std::size_t i = 0; i < days.size(); ++i) {
    const std::string leaf = ForLeaf(sql::kHistoryStartOfLeaf, days[i]);
    leaves += fmt::format("{}({})", leaves.empty() ? "" : " UNION ALL ",
                          Replaced(leaf, "leaf_number", std::to_string(i)));
  }
  return Replaced(sql::kHistoryStart.text, "history_leaves", leaves);
}

pg::Params ReadParams(const Position& after, EpochState state, ReadLimit limit) {
  const std::uint64_t floor =
      state == EpochState::kEnded ? std::numeric_limits<std::uint64_t>::max() : 0;
  return pg::Params()
      .Int(after.epoch)
      .Int(BigintOf(after.xid))
      .Int(after.seq)
      .Int(BigintOf(floor))
      .Int(static_cast<std::int64_t>(limit.entries))
      .Int(static_cast<std::int64_t>(limit.bytes));
}

JournalEntry EntryAt(const pg::Rows& rows, std::size_t row) {
  JournalEntry entry;
  entry.position = {.epoch = static_cast<std::int32_t>(rows.Int(row, 0)),
                    .xid = rows.Xid(row, 1),
                    .seq = rows.Int(row, 2)};
  entry.create_time = rows.Time(row, 3);
  entry.tenant = {rows.Id(row, 4)};
  entry.event_id = rows.Id(row, 5);
  entry.name = rows.String(row, 6);
  entry.type = rows.String(row, 7);
  entry.resource_type = rows.String(row, 8);
  entry.version = rows.Int(row, 9);
  entry.kind = static_cast<int>(rows.Int(row, 10));
  entry.changed_fields = rows.String(row, 11);
  entry.before_plain = BytesOrEmpty(rows, row, 12);
  entry.before_personal = BytesOrEmpty(rows, row, 13);
  entry.after_plain = BytesOrEmpty(rows, row, 14);
  entry.after_personal = BytesOrEmpty(rows, row, 15);
  entry.detail = BytesOrEmpty(rows, row, 16);
  entry.person_keys = rows.Texts(row, 17);
  entry.actor = rows.String(row, 18);
  entry.method = rows.String(row, 19);
  entry.request_id = IdOrEmpty(rows, row, 20);
  entry.cause = rows.String(row, 21);
  entry.traceparent = rows.String(row, 22);
  return entry;
}

std::int64_t BigintOf(std::uint64_t xid) { return std::bit_cast<std::int64_t>(xid); }

}  // namespace lotura::events
