#include "libs/pg/connection.h"

#include <fmt/format.h>

#include <pqxx/binarystring>
#include <pqxx/except>
#include <pqxx/nontransaction>
#include <pqxx/prepared_statement>

#include "libs/pg/copy.h"

namespace lotura::pg {
namespace {

std::vector<pqxx::binarystring> Binary(const Params& params) {
  std::vector<pqxx::binarystring> binary;
  binary.reserve(params.values().size());
  for (const std::string& value : params.values()) binary.emplace_back(value);
  return binary;
}

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

Rows Connection::Run(pqxx::transaction_base& transaction, const Query& query,
                     const Params& params) {
  if (prepared_.insert(query.name).second) connection_.prepare(query.name, query.text);
  return Rows(
      transaction.exec_prepared(query.name, pqxx::prepare::make_dynamic_params(Binary(params))));
}

Rows Connection::RunBuilt(pqxx::transaction_base& transaction, const std::string& text,
                          const Params& params) {
  return Rows(transaction.exec_prepared(NameOfBuilt(text),
                                        pqxx::prepare::make_dynamic_params(Binary(params))));
}

void Connection::Copy(const std::string& text, const CopyRows& rows,
                      std::span<const std::size_t> places) {
  if (connection_.below() == nullptr) throw pqxx::broken_connection("closed before COPY");
  CopyIn(*connection_.below(), text, rows, places);
}

const std::string& Connection::NameOfBuilt(const std::string& text) {
  if (const auto known = built_by_text_.find(text); known != built_by_text_.end()) {
    built_.splice(built_.begin(), built_, known->second);
    return built_.front().second;
  }
  if (built_.size() >= kBuiltMax) {
    connection_.unprepare(built_.back().second);
    built_by_text_.erase(built_.back().first);
    built_.pop_back();
  }
  std::string name = fmt::format("built_{}", ++built_count_);
  connection_.prepare(name, text);
  built_.emplace_front(text, std::move(name));
  built_by_text_.emplace(text, built_.begin());
  return built_.front().second;
}

}  // namespace lotura::pg
