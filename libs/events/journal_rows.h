// The statements that read the partitions of the journal by name, and the rows that they return.
#pragma once

#include <span>
#include <string>

#include "libs/events/day_window.h"
#include "libs/events/journal.h"
#include "libs/pg/params.h"
#include "libs/pg/query.h"
#include "libs/pg/rows.h"

namespace lotura::events {

// `query` for the partition of one day.
std::string ForLeaf(const pg::Query& query, Day day);

// `query` for the table that projection_table stands for.
std::string ForTable(const pg::Query& query, std::string_view table);

// The next entries of these days, merged, under one snapshot. Takes ReadParams.
std::string ReadStatement(std::span<const Day> days);

// Whether the horizon bounds a read. In an epoch that has ended nothing is running any more.
enum class EpochState { kCurrent, kEnded };
pg::Params ReadParams(const Position& after, EpochState state, ReadLimit limit);

// `query`, whose history_leaves are those of `leaf` for these days.
std::string HistoryStatement(const pg::Query& query, const pg::Query& leaf,
                             std::span<const Day> days);
// What HistoryStart takes: where each of these days goes on, numbered as they stand here.
std::string HistoryStartStatement(std::span<const Day> days);

// One row of ReadStatement or HistoryRead.
JournalEntry EntryAt(const pg::Rows& rows, std::size_t row);

// Numbers of transactions are unsigned, and so are theirs of PostgreSQL; on their way there they
// are bigint.
std::int64_t BigintOf(std::uint64_t xid);

}  // namespace lotura::events
