#include "libs/pg/database.h"

#include <pqxx/nontransaction>
#include <pqxx/transaction>

#include "libs/pg/fault.h"
#include "libs/pg/pool.h"

namespace lotura::pg {
namespace {

constexpr int kAttemptsMax = 5;

// Statements within one libpqxx transaction object.
class OpenTx final : public Tx {
 public:
  OpenTx(Connection& connection, pqxx::transaction_base& transaction,
         const StatementObserver& observer)
      : connection_(connection), transaction_(transaction), observer_(observer) {}

  Rows Run(const Query& query, const Params& params) override {
    return Observed(query.name, [&] { return connection_.Run(transaction_, query, params); });
  }
  Rows RunBuilt(const char* name, const std::string& text, const Params& params) override {
    return Observed(name, [&] { return connection_.RunBuilt(transaction_, text, params); });
  }
  Rows RunScript(const std::string& text) override {
    return Observed("script", [&] { return Rows(transaction_.exec(text)); });
  }
  [[nodiscard]] bool ran() const { return ran_; }

 private:
  template <typename Statement>
  Rows Observed(const char* name, const Statement& statement) {
    const auto start = std::chrono::steady_clock::now();
    ran_ = true;
    Report report{observer_, name, start, absl::StatusCode::kUnknown};
    Rows rows = statement();
    report.code = absl::StatusCode::kOk;
    return rows;
  }

  struct Report {
    const StatementObserver& observer;
    const char* name;
    std::chrono::steady_clock::time_point start;
    absl::StatusCode code;
    ~Report() {
      if (observer) observer(name, std::chrono::steady_clock::now() - start, code);
    }
  };

  Connection& connection_;
  pqxx::transaction_base& transaction_;
  const StatementObserver& observer_;
  bool ran_ = false;
};

absl::Status InDoubt(const absl::Status& status, int backend) {
  return Error(status.code(), "COMMIT_IN_DOUBT", Message(status),
               {{"backend", std::to_string(backend)}});
}

}  // namespace

Database::Database(Options options, StatementObserver observer)
    : pool_(std::make_unique<Pool>(std::move(options), std::move(observer))) {}

Database::~Database() = default;

absl::Status Database::RunRead(Deadline deadline, const Erased& body) {
  for (int attempt = 1;; ++attempt) {
    LOTURA_ASSIGN_OR_RETURN(Lease lease, pool_->Take(deadline));
    Pool::Watch watch = pool_->CancelAt(deadline, lease);
    std::optional<absl::Status> status;
    Fault fault;
    try {
      pqxx::nontransaction transaction(lease->raw());
      OpenTx tx(*lease, transaction, pool_->observer());
      status = body(tx);
    } catch (...) {
      fault = ToFault(std::current_exception(), During::kRead);
    }
    // The transaction has ended by now: it may not outlive its connection.
    const bool fired = watch.Stop() == Pool::Watch::Outcome::kFired;
    if (fault.connection_lost) pool_->Flush();
    if (fault.connection_lost || fired) lease.Discard();
    if (status.has_value()) return *status;
    const bool again =
        (fault.connection_lost || fault.transient) && attempt < 2 && !deadline.Passed();
    if (!again) return fault.status;
  }
}

absl::Status Database::RunWrite(Deadline deadline, const Erased& body) {
  for (int attempt = 1;; ++attempt) {
    LOTURA_ASSIGN_OR_RETURN(Lease lease, pool_->Take(deadline));
    Fault fault;
    try {
      pqxx::work transaction(lease->raw());
      OpenTx tx(*lease, transaction, pool_->observer());
      absl::Status status = body(tx);
      if (!status.ok()) return status;
      transaction.commit();
      return absl::OkStatus();
    } catch (...) {
      fault = ToFault(std::current_exception(), During::kTransaction);
    }
    if (fault.connection_lost) {
      pool_->Flush();
      lease.Discard();
    }
    if (ReasonOf(fault.status) == "COMMIT_IN_DOUBT") return InDoubt(fault.status, lease.backend());
    if (!fault.transient || attempt == kAttemptsMax || deadline.Passed()) return fault.status;
  }
}

absl::Status Database::RunWriteOne(Deadline deadline, const Erased& body) {
  for (int attempt = 1;; ++attempt) {
    LOTURA_ASSIGN_OR_RETURN(Lease lease, pool_->Take(deadline));
    Fault fault;
    try {
      pqxx::nontransaction transaction(lease->raw());
      OpenTx tx(*lease, transaction, pool_->observer());
      return body(tx);
    } catch (...) {
      fault = ToFault(std::current_exception(), During::kWriteSent);
    }
    if (fault.connection_lost) {
      pool_->Flush();
      lease.Discard();
    }
    if (ReasonOf(fault.status) == "COMMIT_IN_DOUBT") return InDoubt(fault.status, lease.backend());
    if (!fault.transient || attempt == kAttemptsMax || deadline.Passed()) return fault.status;
  }
}

PoolFigures Database::Figures() const { return pool_->Figures(); }

void Database::DropConnections() { pool_->Flush(); }

}  // namespace lotura::pg
