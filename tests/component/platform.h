// All services behind the real door, on PostgreSQL; cache and bus in memory.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "libs/access/api_keys.h"
#include "libs/cache/memory_cache.h"
#include "libs/events/memory_bus.h"
#include "libs/host/service.h"
#include "libs/rpc/raw_call.h"
#include "libs/rpc/server.h"
#include "libs/rpc/token_issuer.h"
#include "libs/rpc/token_verifier.h"
#include "libs/testing/process.h"

namespace lotura::component {

// Who calls. He may do everything within his tenant, or what his roles say.
struct Caller {
  std::uint8_t tenant = 1;
  std::string user = "users/anna";
  Grounds grounds = Grounds::kToken;
  // A key of a client, which counts alone.
  std::string api_key = {};

  friend auto operator<=>(const Caller&, const Caller&) = default;
};

// Whose records say which tenants are served.
enum class Operated {
  kNo,   // nobody's: all are served
  kYes,  // those of tenant 1, which has a record of tenant 2 from the start; a deleted tenant has
         // no grace
};

TenantId TenantOf(std::uint8_t number);

// Rows of each table, by "<schema>.<table>".
using RowCounts = std::map<std::string, std::int64_t>;

class Platform {
 public:
  explicit Platform(Operated operated = Operated::kNo);
  ~Platform();
  Platform(const Platform&) = delete;
  Platform& operator=(const Platform&) = delete;

  // Sends these messages, however wrong and however many.
  rpc::RawAnswer Send(const std::string& method, const std::vector<std::string>& messages,
                      const Caller& caller = {});
  // Sends one request and reads the answer into a message of the method's type.
  absl::StatusOr<std::unique_ptr<google::protobuf::Message>> Call(
      const google::protobuf::MethodDescriptor& method, const google::protobuf::Message& request,
      const Caller& caller = {});

  // Makes the record of a tenant, whom "anna" administers. The next call may still be refused.
  absl::Status Register(std::uint8_t tenant);

  // From here on nothing is written but by calls: events are neither published nor consumed.
  void StopStreams();
  // The uses of keys are known from here on.
  void TellUses() { key_uses_.Tell(cache_, clock_.Now()); }
  // Of one column of text or bytes: all rows one after the other.
  std::string Dump(const std::string& query);
  RowCounts CountRows();
  // For what no call tells.
  [[nodiscard]] pg::Database& database() { return *counter_; }
  // To the door.
  [[nodiscard]] const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }
  const std::string& TokenOf(const Caller& caller);
  [[nodiscard]] const std::vector<std::unique_ptr<host::Service>>& services() const {
    return services_;
  }

 private:
  void StartServices();

  const testing::TempDir directory_;
  SystemClock clock_;
  RandomIds ids_{clock_};
  host::Config config_;
  observe::Metrics metrics_{"component"};
  const int null_;
  observe::Log log_;
  observe::Readiness readiness_;
  const rpc::TokenRules rules_{
      .issuer = "https://issuer.test", .audience = "lotura", .grounds = Grounds::kToken};
  const rpc::TokenIssuer issuer_{rpc::Algorithm::kEs256, "key-1"};
  std::unique_ptr<rpc::TokenVerifier> verifier_;
  std::map<Caller, std::string> tokens_;
  access::Authority authority_;
  audit::ReadWitness witness_{audit::ReadWitness::Notes::kAll, clock_};
  access::KeyUses key_uses_;
  std::optional<access::ApiKeys> keys_;
  const SigningKey audit_key_ = SigningKey::Generate();
  cache::Counts cache_counts_;
  cache::MemoryCache cache_{{}, clock_, cache_counts_};
  events::MemoryBus bus_;
  resource::PageTokens page_tokens_;
  rpc::Executor executor_;
  std::optional<rpc::Door> door_;
  std::vector<std::unique_ptr<host::Service>> services_;
  std::unique_ptr<feed::EventService> events_;
  std::unique_ptr<access::AccessService> access_;
  std::unique_ptr<audit::AuditService> audit_;
  std::unique_ptr<rpc::Server> server_;
  std::shared_ptr<grpc::Channel> channel_;  // also held by gRPC
  std::unique_ptr<pg::Database> counter_;
};

}  // namespace lotura::component
