// One connection with its prepared statements.
#pragma once

#include <libpq-fe.h>

#include <list>
#include <memory>
#include <pqxx/connection>
#include <set>
#include <string>
#include <unordered_map>

#include "libs/pg/database.h"

namespace lotura::pg {

// A connection of libpqxx that also shows the one of libpq below it, for what libpqxx does not
// know.
class Session final : public pqxx::connection_base {
 public:
  explicit Session(const std::string& conninfo);
  ~Session() noexcept;

  // Null before it is open and after it was closed.
  [[nodiscard]] PGconn* below() const { return policy_.opened; }

 private:
  struct Policy final : pqxx::connect_direct {
    using connect_direct::connect_direct;
    handle do_startconnect(handle before) override;
    handle do_disconnect(handle open) noexcept override;

    PGconn* opened = nullptr;
  };

  Policy policy_;
};

// Used by one thread at a time; Cancel may be called from another one.
class Connection {
 public:
  // Throws what libpqxx throws.
  explicit Connection(const std::string& conninfo);

  pqxx::connection_base& raw() { return connection_; }
  int backend() const { return backend_; }
  // Within a transaction of libpqxx that is open on this connection.
  Rows Run(const Query& query, const Params& params);
  Rows RunBuilt(const std::string& text, const Params& params);
  void Copy(const std::string& text, const CopyRows& rows, std::span<const std::size_t> places);

 private:
  // Statements built at run time that stay prepared.
  static constexpr std::size_t kBuiltMax = 200;

  [[nodiscard]] PGconn& Below() const;
  void Prepare(const std::string& name, const std::string& text);
  void Forget(const std::string& name);
  Rows Execute(const std::string& name, const Params& params);
  const std::string& NameOfBuilt(const std::string& text);

  Session connection_;
  int backend_;
  std::set<const char*> prepared_;
  std::list<std::pair<std::string, std::string>> built_;  // text and name, the last used first
  std::unordered_map<std::string, decltype(built_)::iterator> built_by_text_;
  std::uint64_t built_count_ = 0;
};

}  // namespace lotura::pg
