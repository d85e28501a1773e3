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
         const StatementObserver& observer, const char*& last)
      : connection_(connection), transaction_(transaction), observer_(observer), last_(last) {}

  Rows Run(const Query& query, const Params& params) override {
    return Observed(query.name, [&] { return connection_.Run(query, params); });
  }
  Rows RunBuilt(const char* name, const std::string& text, const Params& params) override {
    return Observed(name, [&] { return connection_.RunBuilt(text, params); });
  }
  void RunScript(const std::string& text) override {
    Observed("script", [&] { return transaction_.exec(text); });
  }
  void Copy(const char* name, const std::string& text, const CopyRows& rows,
            std::span<const std::size_t> places) override {
    Observed(name, [&] {
      connection_.Copy(text, rows, places);
      return places.size();
    });
  }

 private:
  template <typename Statement>
  std::invoke_result_t<const Statement&> Observed(const char* name, const Statement& statement) {
    const auto start = std::chrono::steady_clock::now();
    last_ = name;
    Report report{observer_, name, start, absl::StatusCode::kUnknown};
    auto result = statement();
    report.code = absl::StatusCode::kOk;
    return result;
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
  const char*& last_;  // name of the statement that began last
};

absl::Status InDoubt(const absl::Status& status, int backend) {
  return Error(status.code(), "COMMIT_IN_DOUBT", Message(status),
               {{"backend", std::to_string(backend)}});
}

}  // namespace

Database::Database(Options options, Observers observers)
    : pool_(std::make_unique<Pool>(std::move(options), std::move(observers))) {}

Database::~Database() = default;

absl::Status Database::RunRead(Deadline deadline, const Erased& body) {
  return RunReadIn<pqxx::nontransaction>(deadline, body);
}

absl::Status Database::RunReadSnapshot(Deadline deadline, const Erased& body) {
  return RunReadIn<pqxx::transaction<pqxx::repeatable_read, pqxx::read_only>>(deadline, body);
}

template <typename Transaction>
absl::Status Database::RunReadIn(Deadline deadline, const Erased& body) {
  for (int attempt = 1;; ++attempt) {
    LOTURA_ASSIGN_OR_RETURN(Lease lease, pool_->Take(deadline));
    Pool::Watch watch = pool_->CancelAt(deadline, lease);
    std::optional<absl::Status> status;
    const char* query = "";
    Fault fault;
    try {
      Transaction transaction(lease->raw());
      OpenTx tx(*lease, transaction, pool_->observers().statement, query);
      status = body(tx);
    } catch (...) {
      fault = Caught(During::kRead, query);
    }
    // The transaction has ended by now: it may not outlive its connection.
    const bool fired = watch.Stop() == Pool::Watch::Outcome::kFired;
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
    const char* query = "";
    Fault fault;
    try {
      pqxx::work transaction(lease->raw());
      OpenTx tx(*lease, transaction, pool_->observers().statement, query);
      absl::Status status = body(tx);
      if (!status.ok()) return status;
      transaction.commit();
      return absl::OkStatus();
    } catch (...) {
      fault = Caught(During::kTransaction, query);
    }
    if (fault.connection_lost) lease.Discard();
    if (ReasonOf(fault.status) == "COMMIT_IN_DOUBT") return InDoubt(fault.status, lease.backend());
    if (!fault.transient || attempt == kAttemptsMax || deadline.Passed()) return fault.status;
  }
}

absl::Status Database::RunWriteOne(Deadline deadline, const Erased& body) {
  for (int attempt = 1;; ++attempt) {
    LOTURA_ASSIGN_OR_RETURN(Lease lease, pool_->Take(deadline));
    const char* query = "";
    Fault fault;
    try {
      pqxx::nontransaction transaction(lease->raw());
      OpenTx tx(*lease, transaction, pool_->observers().statement, query);
      return body(tx);
    } catch (...) {
      fault = Caught(During::kWriteSent, query);
    }
    if (fault.connection_lost) lease.Discard();
    if (ReasonOf(fault.status) == "COMMIT_IN_DOUBT") return InDoubt(fault.status, lease.backend());
    if (!fault.transient || attempt == kAttemptsMax || deadline.Passed()) return fault.status;
  }
}

Fault Database::Caught(During during, const char* query) {
  Fault fault = ToFault(std::current_exception(), during);
  if (fault.connection_lost) pool_->Flush();
  const auto& alarm = pool_->observers().alarm;
  if (fault.alarming && alarm) alarm(query, fault.status);
  return fault;
}

PoolFigures Database::Figures() const { return pool_->Figures(); }

}  // namespace lotura::pg
