// The fence around libpqxx: a bounded pool of connections, reads and writes that return a status
// and never throw.
#pragma once

#include <absl/status/statusor.h>

#include <concepts>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "libs/base/clock.h"
#include "libs/base/errors.h"
#include "libs/base/secret.h"
#include "libs/pg/copy_rows.h"
#include "libs/pg/params.h"
#include "libs/pg/query.h"
#include "libs/pg/rows.h"

namespace lotura::pg {

// One open connection or transaction, lent to a closure. Its methods may throw: only the fence in
// Database may be crossed by that.
class Tx {
 public:
  virtual ~Tx() = default;
  // Prepares on first use of this connection and runs.
  virtual Rows Run(const Query& query, const Params& params) = 0;
  // A statement that was built at run time; a bounded number of the last ones stays prepared.
  // `name` is its metric label.
  virtual Rows RunBuilt(const char* name, const std::string& text, const Params& params) = 0;
  // "COPY ... FROM STDIN (FORMAT binary)" with the rows at `places`, which ascend. For many rows of
  // many columns, which it takes at a lower cost than a statement does that is given arrays.
  virtual void Copy(const char* name, const std::string& text, const CopyRows& rows,
                    std::span<const std::size_t> places) = 0;
  // Statements without parameters, for migrations and upkeep.
  virtual void RunScript(const std::string& text) = 0;
};

enum class PlanFor {
  kReads,
  // One generic plan by index for every statement, also while a table is empty
  // (docs/adr/0003-journal.md).
  kWrites,
  // One generic plan for every statement, along an index that has the order which is asked for:
  // nothing is sorted that an index can deliver, and no table is read from end to end.
  kLists,
  // One generic plan for every statement, by bitmaps of indexes: for few rows that an index finds
  // by what a column contains, in no order.
  kSets,
};

struct Options {
  // What libpq takes: keywords and values, or a URI. Read for each new connection, as the password
  // is, which takes the place of one in it unless it is empty.
  Secret conninfo;
  Secret password = {};
  // Schema whose tables the statements name without it.
  std::string schema;
  std::string application_name;
  std::size_t pool_size = 4;
  PlanFor plan_for = PlanFor::kReads;
  // Bound of any single statement, beyond the caller's deadline.
  std::chrono::milliseconds statement_timeout{30'000};
  std::chrono::milliseconds lock_timeout{10'000};
};

struct PoolFigures {
  // As many connections as there may be.
  std::size_t size = 0;
  std::size_t in_use = 0;
  std::size_t idle = 0;
  std::size_t waiting = 0;
  // Since the start.
  std::uint64_t opened = 0;
  std::uint64_t discarded = 0;
};

// Called after each statement with its name, duration and code.
using StatementObserver =
    std::function<void(const char* name, std::chrono::nanoseconds took, absl::StatusCode code)>;

// Who is told of the work of a Database; telemetry.h makes metrics and log lines of it. They are
// called by many threads at once, partly under a lock, and must not block.
struct Observers {
  StatementObserver statement;
  // A failure that somebody should look at, since the schema, a privilege or the program is wrong,
  // with the name of the statement that began last.
  std::function<void(const char* name, const absl::Status& failure)> alarm;
  // Each change of the pool, one after the other.
  std::function<void(const PoolFigures& now)> pool;
};

class Pool;
struct Fault;
enum class During;

// Thread-safe. Connections are opened when they are first needed; waiters are served in the order
// of their arrival.
class Database {
 public:
  explicit Database(Options options, Observers observers = {});
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // Runs `body` outside a transaction block; each statement is one round trip and sees its own
  // snapshot. It must only read: it is run once more if the connection was lost, and cancelled when
  // the deadline passes.
  template <std::invocable<Tx&> Body>
  auto Read(Deadline deadline, Body&& body) -> std::invoke_result_t<Body&, Tx&> {
    return Typed<std::invoke_result_t<Body&, Tx&>>(
        [&](const Erased& run) { return RunRead(deadline, run); }, body);
  }

  // The same for statements that must agree: all of them see one snapshot, for two round trips
  // more.
  template <std::invocable<Tx&> Body>
  auto ReadSnapshot(Deadline deadline, Body&& body) -> std::invoke_result_t<Body&, Tx&> {
    return Typed<std::invoke_result_t<Body&, Tx&>>(
        [&](const Erased& run) { return RunReadSnapshot(deadline, run); }, body);
  }

  // Runs `body` in one transaction; commits if it returns OK and rolls back otherwise.
  // Serialization failures and deadlocks rerun the whole body, so it must not change anything
  // outside the transaction. A commit whose outcome is unknown is UNKNOWN COMMIT_IN_DOUBT.
  template <std::invocable<Tx&> Body>
  auto Write(Deadline deadline, Body&& body) -> std::invoke_result_t<Body&, Tx&> {
    return Typed<std::invoke_result_t<Body&, Tx&>>(
        [&](const Erased& run) { return RunWrite(deadline, run); }, body);
  }

  // Runs one writing statement in one round trip, committed when it returns. Never cancelled for a
  // caller. A connection lost after it was sent is UNKNOWN COMMIT_IN_DOUBT with the number of the
  // server process in the metadata as "backend".
  template <std::invocable<Tx&> Body>
  auto WriteOne(Deadline deadline, Body&& body) -> std::invoke_result_t<Body&, Tx&> {
    return Typed<std::invoke_result_t<Body&, Tx&>>(
        [&](const Erased& run) { return RunWriteOne(deadline, run); }, body);
  }

  [[nodiscard]] PoolFigures Figures() const;

 private:
  using Erased = std::function<absl::Status(Tx&)>;

  template <typename Result, typename Runner, typename Body>
  static Result Typed(const Runner& runner, Body& body) {
    if constexpr (std::same_as<Result, absl::Status>) {
      return runner([&](Tx& tx) { return body(tx); });
    } else {
      std::optional<typename Result::value_type> value;
      absl::Status status = runner([&](Tx& tx) -> absl::Status {
        Result result = body(tx);
        if (!result.ok()) return result.status();
        value = std::move(result).value();
        return absl::OkStatus();
      });
      if (!status.ok()) return status;
      return std::move(*value);
    }
  }

  absl::Status RunRead(Deadline deadline, const Erased& body);
  absl::Status RunReadSnapshot(Deadline deadline, const Erased& body);
  template <typename Transaction>
  absl::Status RunReadIn(Deadline deadline, const Erased& body);
  absl::Status RunWrite(Deadline deadline, const Erased& body);
  absl::Status RunWriteOne(Deadline deadline, const Erased& body);
  // Of the exception that is being handled; `query` began last.
  Fault Caught(During during, const char* query);

  std::unique_ptr<Pool> pool_;
};

}  // namespace lotura::pg
