// Makes a projection anew from the journals of the services whose events it follows.
#pragma once

#include <absl/status/statusor.h>

#include <functional>
#include <string>
#include <vector>

#include "libs/events/journal.h"
#include "libs/events/pg_inbox.h"

namespace lotura::events {

// A service whose events the consumer reads, with its own schema.
struct RebuildSource {
  std::string service;
  Journal& journal;
  pg::Database& database;
};

// Whether the projection is emptied first, or what is kept of the journals is handled once more
// over what stands there.
enum class RebuildFrom { kEmpty, kPresentRows };

struct RebuildOptions {
  // Unique within the schema: "timeline".
  std::string consumer;
  // What it alone writes and may be empty for a while.
  std::vector<std::string> tables;
  RebuildFrom from = RebuildFrom::kEmpty;
  // Of these tenants nothing is written any more. Empty: there are none.
  std::function<bool(const TenantId&)> is_gone = {};
  // How much is handled in one transaction.
  ReadLimit batch{.entries = 500};
  // Bound of one batch, of the emptying, and of each count of a plan.
  std::chrono::milliseconds bound{60'000};
};

struct Counted {
  std::string name;
  std::int64_t count = 0;
};

// What a rebuild would do.
struct RebuildPlan {
  // It goes on with one that was interrupted, and empties nothing.
  bool is_under_way = false;
  // Rows of each table of the projection.
  std::vector<Counted> tables;
  // Published entries that each source still has, and the sources that have dropped days.
  std::vector<Counted> sources;
  std::vector<std::string> incomplete;
};

// What one step did.
struct RebuildStep {
  std::string source;
  std::size_t handled = 0;
  // Events that could not be handled, and those parked behind them.
  std::size_t parked = 0;
  bool is_last = false;
};

// The consumer is kept away from its tables, wherever it runs, from Begin until the last step. It
// misses nothing: what it had read was published, so that the journals have it, and what is
// published later waits in its topics; what comes both ways is handled once. Interrupted at any
// point, a new object goes on where it was; until one does, the consumer waits. Used by one thread.
class ProjectionRebuild {
 public:
  ProjectionRebuild(RebuildOptions options, std::vector<RebuildSource> sources,
                    pg::Database& database, EventHandler handler, const observe::Log& log);

  // Changes nothing.
  absl::StatusOr<RebuildPlan> Plan();
  // Empties the tables and forgets what was handled, in one transaction; does nothing if a rebuild
  // is under way. FAILED_PRECONDITION: HISTORY_INCOMPLETE, with the service in the metadata as
  // "source", if a journal no longer has its beginning and the tables were to be emptied;
  // NO_PROJECTION if the consumer has no tables that may be.
  absl::Status Begin();
  // Handles the next batch; the last step lets the consumer go on.
  absl::StatusOr<RebuildStep> Step();

 private:
  struct Reading;

  absl::StatusOr<bool> IsUnderWay();
  absl::StatusOr<std::vector<std::string>> Incomplete();
  absl::StatusOr<Counted> CountSource(const RebuildSource& source);
  absl::StatusOr<Counted> CountTable(const std::string& table);
  absl::Status StartReading(const RebuildSource& source);
  absl::Status Apply(const std::vector<JournalEntry>& entries, RebuildStep& step);
  absl::Status Save(const Position& position);
  absl::Status End();
  [[nodiscard]] Deadline Bound() const { return Deadline::After(options_.bound); }

  const RebuildOptions options_;
  const std::vector<RebuildSource> sources_;
  pg::Database& database_;
  PgInbox inbox_;
  // Of the source that is being read: its number, its reader, where it stands and where it ends.
  std::size_t source_ = 0;
  std::unique_ptr<JournalReader> reader_;
  Position position_;
  Position end_;
};

}  // namespace lotura::events
