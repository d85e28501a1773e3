// One connection with its prepared statements.
#pragma once

#include <list>
#include <memory>
#include <pqxx/connection>
#include <pqxx/transaction_base>
#include <set>
#include <string>
#include <unordered_map>

#include "libs/pg/database.h"

namespace lotura::pg {

// Used by one thread at a time; Cancel may be called from another one.
class Connection {
 public:
  // Throws what libpqxx throws.
  explicit Connection(const std::string& conninfo);

  pqxx::connection& raw() { return connection_; }
  int backend() const { return backend_; }
  Rows Run(pqxx::transaction_base& transaction, const Query& query, const Params& params);
  Rows RunBuilt(pqxx::transaction_base& transaction, const std::string& text, const Params& params);

 private:
  // Statements built at run time that stay prepared.
  static constexpr std::size_t kBuiltMax = 200;

  const std::string& NameOfBuilt(const std::string& text);

  pqxx::connection connection_;
  int backend_;
  std::set<const char*> prepared_;
  std::list<std::pair<std::string, std::string>> built_;  // text and name, the last used first
  std::unordered_map<std::string, decltype(built_)::iterator> built_by_text_;
  std::uint64_t built_count_ = 0;
};

}  // namespace lotura::pg
