#include "libs/pg/connection.h"

#include <fmt/format.h>

#include <pqxx/except>

#include "libs/pg/copy.h"

namespace lotura::pg {
namespace {

constexpr int kBinary = 1;

}  // namespace

// The base keeps the reference until it connects, in init().
Session::Session(const std::string& conninfo) : connection_base(policy_), policy_(conninfo) {
  init();
}

Session::~Session() noexcept { close(); }

pqxx::connectionpolicy::handle Session::Policy::do_startconnect(handle before) {
  return opened = connect_direct::do_startconnect(before);
}

pqxx::connectionpolicy::handle Session::Policy::do_disconnect(handle open) noexcept {
  opened = nullptr;
  return connect_direct::do_disconnect(open);
}

Connection::Connection(const std::string& conninfo)
    : connection_(conninfo), backend_(connection_.backendpid()) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
  // A revived connection would have lost its settings; a lost one is thrown away instead.
  connection_.inhibit_reactivation(true);
#pragma GCC diagnostic pop
  // An error then tells where in the server it was raised; see fault.cc.
  connection_.set_verbosity(pqxx::connection_base::verbose);
}

Rows Connection::Run(const Query& query, const Params& params) {
  if (!prepared_.contains(query.name)) {
    Prepare(query.name, query.text);
    prepared_.insert(query.name);
  }
  return Execute(query.name, params);
}

Rows Connection::RunBuilt(const std::string& text, const Params& params) {
  return Execute(NameOfBuilt(text), params);
}

void Connection::Copy(const std::string& text, const CopyRows& rows,
                      std::span<const std::size_t> places) {
  CopyIn(Below(), text, rows, places);
}

PGconn& Connection::Below() const {
  if (connection_.below() == nullptr) throw pqxx::broken_connection("closed before a statement");
  return *connection_.below();
}

void Connection::Prepare(const std::string& name, const std::string& text) {
  PGconn& below = Below();
  Expect(PGRES_COMMAND_OK, below,
         Result(PQprepare(&below, name.c_str(), text.c_str(), 0, nullptr)));
}

void Connection::Forget(const std::string& name) {
  PGconn& below = Below();
  Expect(PGRES_COMMAND_OK, below,
         Result(PQexec(&below, fmt::format("DEALLOCATE {}", name).c_str())));
}

Rows Connection::Execute(const std::string& name, const Params& params) {
  std::vector<const char*> values;
  std::vector<int> lengths;
  for (const std::string& value : params.values()) {
    values.push_back(value.data());
    lengths.push_back(static_cast<int>(value.size()));
  }
  const std::vector<int> formats(values.size(), kBinary);
  PGconn& below = Below();
  Result result(PQexecPrepared(&below, name.c_str(), static_cast<int>(values.size()), values.data(),
                               lengths.data(), formats.data(), kBinary));
  const bool has_rows = PQresultStatus(result.get()) == PGRES_TUPLES_OK;
  return Rows(Expect(has_rows ? PGRES_TUPLES_OK : PGRES_COMMAND_OK, below, std::move(result)));
}

const std::string& Connection::NameOfBuilt(const std::string& text) {
  if (const auto known = built_by_text_.find(text); known != built_by_text_.end()) {
    built_.splice(built_.begin(), built_, known->second);
    return built_.front().second;
  }
  if (built_.size() >= kBuiltMax) {
    Forget(built_.back().second);
    built_by_text_.erase(built_.back().first);
    built_.pop_back();
  }
  std::string name = fmt::format("built_{}", ++built_count_);
  Prepare(name, text);
  built_.emplace_front(text, std::move(name));
  built_by_text_.emplace(text, built_.begin());
  return built_.front().second;
}

}  // namespace lotura::pg
