#include "libs/pg/conninfo.h"

#include <fmt/format.h>
#include <libpq-fe.h>

#include <map>

#include "libs/base/check.h"

namespace lotura::pg {
namespace {

using Keywords = std::map<std::string, std::string>;

constexpr std::chrono::seconds kConnectMin{2};
constexpr std::chrono::seconds kConnectMax{5};

// A generic plan that was made while a table was empty would scan it for ever; a plan by index is
// right for any size. By a bitmap all of the range would be read that the first rows are taken of.
constexpr char kWritePlans[] =
    " -c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c enable_bitmapscan=off "
    "-c enable_hashjoin=off -c enable_mergejoin=off";

// A sort or a bitmap reads all rows of a list to find its first page.
constexpr char kListPlans[] =
    " -c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c enable_bitmapscan=off "
    "-c enable_sort=off -c enable_incremental_sort=off";

// What a column contains is found by an index that has no order, which only a bitmap reads.
constexpr char kSetPlans[] =
    " -c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c enable_indexscan=off "
    "-c enable_indexonlyscan=off";

const char* PlansOf(PlanFor purpose) {
  switch (purpose) {
    case PlanFor::kReads:
      return "";
    case PlanFor::kWrites:
      return kWritePlans;
    case PlanFor::kLists:
      return kListPlans;
    case PlanFor::kSets:
      return kSetPlans;
  }
  LOTURA_CHECK(false);
}

struct ParsedDeleter {
  void operator()(PQconninfoOption* parsed) const { PQconninfoFree(parsed); }
};

absl::StatusOr<Keywords> Parse(const std::string& conninfo) {
  // The message of libpq is not asked for, since it may quote a password.
  const std::unique_ptr<PQconninfoOption, ParsedDeleter> parsed(
      PQconninfoParse(conninfo.c_str(), nullptr));
  if (parsed == nullptr)
    return FailedPrecondition("CONNECTION_STRING", "the connection string cannot be read");
  Keywords keywords;
  for (const PQconninfoOption* option = parsed.get(); option->keyword != nullptr; ++option) {
    if (option->val != nullptr) keywords[option->keyword] = option->val;
  }
  return keywords;
}

std::string Quoted(const std::string& value) {
  std::string quoted = "'";
  for (const char c : value) {
    if (c == '\'' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "'";
}

std::chrono::seconds ConnectTimeout(const Keywords& keywords, Deadline deadline) {
  std::ptrdiff_t hosts = 1;
  for (const char* const keyword : {"host", "hostaddr"}) {
    const auto list = keywords.find(keyword);
    if (list != keywords.end()) hosts = std::max(hosts, std::ranges::count(list->second, ',') + 1);
  }
  const auto left = std::chrono::floor<std::chrono::seconds>(deadline.Left() / hosts);
  return std::clamp(left, kConnectMin, kConnectMax);
}

// A peer that is gone is noticed within about 15 seconds, also while a statement is waited for.
void AddNetworkBounds(Keywords& keywords) {
  keywords.try_emplace("keepalives_idle", "10");
  keywords.try_emplace("keepalives_interval", "3");
  keywords.try_emplace("keepalives_count", "2");
  keywords.try_emplace("tcp_user_timeout", "15000");
}

}  // namespace

absl::StatusOr<Credentials> ReadCredentials(const Options& options) {
  Credentials credentials;
  LOTURA_ASSIGN_OR_RETURN(credentials.conninfo, options.conninfo.Read());
  LOTURA_ASSIGN_OR_RETURN(credentials.password, options.password.Read());
  return credentials;
}

void NoteServed(const Options& options, const Credentials& credentials) {
  options.conninfo.NoteServed(credentials.conninfo);
  options.password.NoteServed(credentials.password);
}

Credentials ServedLast(const Options& options, const Credentials& now) {
  return {.conninfo = options.conninfo.ServedLast().value_or(now.conninfo),
          .password = options.password.ServedLast().value_or(now.password)};
}

absl::StatusOr<std::string> ConninfoOf(const Options& options, const Credentials& credentials,
                                       Deadline deadline) {
  LOTURA_ASSIGN_OR_RETURN(Keywords keywords, Parse(credentials.conninfo));
  if (!credentials.password.empty()) keywords["password"] = credentials.password;
  keywords["connect_timeout"] = fmt::to_string(ConnectTimeout(keywords, deadline).count());
  keywords["client_encoding"] = "UTF8";
  if (!options.application_name.empty()) keywords["application_name"] = options.application_name;
  AddNetworkBounds(keywords);
  keywords["options"] += fmt::format(
      " -c search_path={} -c TimeZone=UTC -c DateStyle=ISO -c bytea_output=hex -c jit=off "
      "-c statement_timeout={} -c lock_timeout={} -c idle_in_transaction_session_timeout=60000{}",
      options.schema.empty() ? "public" : options.schema, options.statement_timeout.count(),
      options.lock_timeout.count(), PlansOf(options.plan_for));
  std::string conninfo;
  for (const auto& [keyword, value] : keywords)
    conninfo += fmt::format("{}={} ", keyword, Quoted(value));
  return conninfo;
}

}  // namespace lotura::pg
