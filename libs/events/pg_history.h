// The past of a tenant in the journal of a service's schema.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "libs/events/day_window.h"
#include "libs/events/history.h"
#include "libs/pg/database.h"

namespace lotura::events {

struct PgHistoryOptions {
  // How long days and epochs are believed.
  std::chrono::milliseconds refresh{1000};
  // Entries of any tenant that one read looks at.
  std::size_t scan = 1000;
};

// Thread-safe. Takes one connection of the database for each read under way; it should plan for
// writes, as the journal's own readers do.
class PgHistory final : public History {
 public:
  PgHistory(pg::Database& database, const Clock& clock, PgHistoryOptions options = {})
      : database_(database), clock_(clock), options_(options) {}

  absl::StatusOr<HistoryBounds> Bounds(Deadline deadline) override;
  absl::StatusOr<HistoryBatch> Read(const HistoryQuery& query, const Cursor& after, ReadLimit limit,
                                    Deadline deadline) override;

 private:
  // What of the schema changes seldom.
  struct Layout {
    std::vector<Day> days;
    // Number and lowest transaction.
    std::map<std::int32_t, std::uint64_t> epochs;
    Deadline fresh_until;
  };
  using LayoutPtr = std::shared_ptr<const Layout>;

  // Up to where a read may look, and in which leaves.
  struct Span;

  LayoutPtr LayoutOf(pg::Tx& tx);
  void Forget();
  absl::StatusOr<HistoryBatch> ReadWith(pg::Tx& tx, const HistoryQuery& query, const Cursor& after,
                                        ReadLimit limit);
  Span SpanAfter(pg::Tx& tx, const Layout& layout, const Position& after) const;
  absl::Status Fill(pg::Tx& tx, const HistoryQuery& query, const Span& span, ReadLimit limit,
                    HistoryBatch& batch) const;
  static Instant FloorOf(const Layout& layout);

  pg::Database& database_;
  const Clock& clock_;
  const PgHistoryOptions options_;
  std::mutex mutex_;  // guards layout_
  LayoutPtr layout_;  // shared with the reads that began with it
};

}  // namespace lotura::events
