// Servers and clients over TLS: who is let in, who is known by his certificate, and what happens
// while certificates are replaced.
#include <grpc/health/v1/health.pb.h>
#include <grpc/reflection/v1/reflection.pb.h>
#include <gtest/gtest.h>

#include "libs/base/snapshot.h"
#include "libs/rpc/certificates_fixture.h"
#include "libs/rpc/client.h"
#include "libs/rpc/door_fixture.h"
#include "libs/testing/eventually.h"

namespace lotura::rpc {
namespace {

using absl::StatusCode;
using testing::Eventually;
using testing::IsOk;
using testing::StatusIs;
using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace)

constexpr char kTenant[] = "00000000-0000-4000-8000-000000000001";
constexpr char kOtherTenant[] = "00000000-0000-4000-8000-000000000002";
constexpr char kImporter[] = "spiffe://test/ns/crm/sa/importer";

TenantId Tenant(const char* text) { return {*Uuid::Parse(text)}; }

Certificates Showing(const Issued& own, const std::string& authorities) {
  const auto material = std::make_shared<const TlsMaterial>(TlsMaterial{
      .certificate = own.certificate, .key = own.key, .authorities = authorities, .expires = {}});
  return [material] { return material; };
}

class TlsServerTest : public ::testing::Test {
 protected:
  // Everybody may connect who believes the authority.
  ServerOptions Encrypted() const {
    return {.tls = directory_.Files(authority_.Issue(), ""), .tls_refresh = 2ms};
  }
  // Only those who have a certificate of it.
  ServerOptions Mutual() const {
    return {.tls = directory_.Files(authority_.Issue(), authority_.certificate()),
            .tls_refresh = 2ms};
  }
  static std::vector<ServicePrincipal> Services() {
    return {{.id = "importer",
             .peer = kImporter,
             .tenants = {Tenant(kTenant)},
             .permissions = {"rpctest.*"}},
            {.id = "erp", .peer = "erp.test", .permissions = {"rpctest.*"}},
            {.id = "probe", .peer = "probe.test", .permissions = {"other.*"}}};
  }
  Certificates Anybody() const { return Showing({}, authority_.certificate()); }
  Certificates With(const std::vector<std::string>& names) const {
    return Showing(authority_.Issue({.names = names}), authority_.certificate());
  }

  static ClientOptions To(const EchoServer& server, const Certificates& certificates) {
    return {.target = fmt::format("127.0.0.1:{}", server.server().port()),
            .neighbor = "rpctest",
            .security = Security::kTls,
            .certificates = certificates};
  }
  // A connection of its own.
  static RawAnswer Send(const EchoServer& server, const Certificates& certificates,
                        const RawCall& call) {
    return rpc::Send(ConnectTo(To(server, certificates)), call);
  }
  static absl::Status Echo(const EchoServer& server, const Certificates& certificates) {
    return Send(server, certificates, {.method = kEcho, .token = server.Token()}).status;
  }
  static absl::Status EchoWithoutToken(const EchoServer& server, const Certificates& certificates,
                                       const char* tenant = "") {
    RawCall call{.method = kEcho};
    if (*tenant != '\0') call.headers.emplace("tenant", tenant);
    return Send(server, certificates, call).status;
  }
  // Keeps who called last.
  static void Keep(EchoServer& server, Principal& caller) {
    server.echo_handler = [&caller](const lotura::Call& call, const auto&) {
      caller = call.principal;
      return echo::EchoResponse();
    };
  }
  static double Failed(const EchoServer& server) {
    return server.Metric(
        R"(lotura_tls_reloads_total{result="failed",service="rpctest",use="server"})");
  }
  // Whether new connections get this certificate before long.
  bool Shows(const EchoServer& server, const Issued& own) const {
    return Eventually(
        [&] {
          return Send(server, With({}), {.method = "grpc.health.v1.Health/Check"}).certificate ==
                 own.certificate;
        },
        10s);
  }

  const TestAuthority authority_;
  const TestAuthority stranger_{"stranger"};
  const TlsDirectory directory_;  // of the server
  observe::Metrics metrics_{"caller"};
};

TEST_F(TlsServerTest, ACallIsAnsweredOverTls) {
  EchoServer server(Encrypted());
  Client client(To(server, Anybody()), metrics_);
  echo::EchoRequest request;
  request.set_text("hello");

  const auto answer = client.Call<echo::EchoResponse>(
      kEcho, request, {.deadline = Deadline::After(5s), .bearer = server.Token()});

  ASSERT_THAT(answer, IsOk());
  EXPECT_EQ((*answer)->text(), "hello");
}

TEST_F(TlsServerTest, PlainTextIsNotServedBesideTls) {
  EchoServer server(Encrypted());

  EXPECT_EQ(server.Echo("").status.code(), StatusCode::kUnavailable);
}

TEST_F(TlsServerTest, AServerThatAnotherAuthoritySignedIsNotBelieved) {
  EchoServer server(Encrypted());

  EXPECT_EQ(Echo(server, Showing({}, stranger_.certificate())).code(), StatusCode::kUnavailable);
  EXPECT_THAT(Echo(server, Showing({}, stranger_.certificate() + authority_.certificate())),
              IsOk());
}

TEST_F(TlsServerTest, AServerMustHaveTheNameThatIsCalled) {
  EchoServer server(ServerOptions{
      .tls = directory_.Files(authority_.Issue({.names = {"DNS:accounts.test"}}), "")});
  ClientOptions options = To(server, Anybody());
  const RawCall call{.method = kEcho, .token = server.Token()};

  EXPECT_EQ(rpc::Send(ConnectTo(options), call).status.code(), StatusCode::kUnavailable);
  options.server_name = "accounts.test";
  EXPECT_THAT(rpc::Send(ConnectTo(options), call).status, IsOk());
}

TEST_F(TlsServerTest, WithoutACertificateNobodyIsLetInWhereOneIsAskedFor) {
  EchoServer server(Mutual());

  EXPECT_EQ(Echo(server, Anybody()).code(), StatusCode::kUnavailable);
  EXPECT_THAT(Echo(server, With({})), IsOk());
}

TEST_F(TlsServerTest, ACertificateThatAnotherAuthoritySignedIsRefused) {
  EchoServer server(Mutual());

  EXPECT_EQ(Echo(server, Showing(stranger_.Issue(), authority_.certificate())).code(),
            StatusCode::kUnavailable);
}

TEST_F(TlsServerTest, AnExpiredCertificateIsRefused) {
  EchoServer server(Mutual());
  const Issued expired = authority_.Issue({.begins = -2h, .ends = -1s});

  EXPECT_EQ(Echo(server, Showing(expired, authority_.certificate())).code(),
            StatusCode::kUnavailable);
}

TEST_F(TlsServerTest, ASpiffeIdIsTheService) {
  EchoServer server(Mutual(), {}, {.threads = 2}, Services());
  Principal caller;
  Keep(server, caller);

  EXPECT_THAT(EchoWithoutToken(server, With({fmt::format("URI:{}", kImporter)})), IsOk());

  EXPECT_EQ(caller.name, "services/importer");
  EXPECT_EQ(caller.tenant, Tenant(kTenant));
  EXPECT_EQ(caller.grounds, Grounds::kCertificate);
  EXPECT_EQ(caller.permissions, std::vector<std::string>{"rpctest.*"});
}

TEST_F(TlsServerTest, AClientOfSeveralTenantsNamesOne) {
  EchoServer server(Mutual(), {}, {.threads = 2}, Services());
  Principal caller;
  Keep(server, caller);
  Client client(To(server, With({"DNS:other.test", "DNS:erp.test"})), metrics_);
  const auto call = [&](const std::string& tenant) {
    return client.Call<echo::EchoResponse>(kEcho, echo::EchoRequest(),
                                           {.deadline = Deadline::After(5s), .tenant = tenant});
  };

  EXPECT_THAT(call(""), StatusIs(StatusCode::kUnauthenticated, "PEER_TENANT"));
  EXPECT_THAT(call(kOtherTenant), IsOk());

  EXPECT_EQ(caller.name, "services/erp");
  EXPECT_EQ(caller.tenant, Tenant(kOtherTenant));
}

TEST_F(TlsServerTest, WhoIsNoKnownServiceIsRefused) {
  EchoServer server(Mutual(), {}, {.threads = 2}, Services());

  EXPECT_THAT(EchoWithoutToken(server, With({"URI:spiffe://test/ns/crm/sa/other"})),
              StatusIs(StatusCode::kUnauthenticated, "PEER_UNKNOWN"));
  EXPECT_THAT(EchoWithoutToken(server, With({"DNS:other.test"})),
              StatusIs(StatusCode::kUnauthenticated, "PEER_UNKNOWN"));
  EXPECT_THAT(EchoWithoutToken(server, With({"URI:" + std::string(kImporter)}), kOtherTenant),
              StatusIs(StatusCode::kUnauthenticated, "PEER_TENANT"));
  EXPECT_THAT(EchoWithoutToken(server, With({})),
              StatusIs(StatusCode::kUnauthenticated, "TOKEN_MISSING"));
}

TEST_F(TlsServerTest, AServiceMayDoNoMoreThanItsPermissions) {
  EchoServer server(Mutual(), {}, {.threads = 2}, Services());

  EXPECT_THAT(EchoWithoutToken(server, With({"DNS:probe.test"}), kTenant),
              StatusIs(StatusCode::kPermissionDenied, "PERMISSION_DENIED"));
}

TEST_F(TlsServerTest, ATokenCountsBeforeTheCertificate) {
  EchoServer server(Mutual(), {}, {.threads = 2}, Services());
  Principal caller;
  Keep(server, caller);
  const Certificates importer = With({"URI:" + std::string(kImporter)});

  EXPECT_THAT(Echo(server, importer), IsOk());

  EXPECT_EQ(caller.name, "users/anna");
  EXPECT_THAT(Send(server, importer, {.method = kEcho, .token = "wrong"}).status,
              StatusIs(StatusCode::kUnauthenticated, "TOKEN_MALFORMED"));
}

TEST_F(TlsServerTest, WhereNoServicesAreKnownACertificateIsNoToken) {
  EchoServer server(Mutual());

  EXPECT_THAT(EchoWithoutToken(server, With({"DNS:erp.test"}), kTenant),
              StatusIs(StatusCode::kUnauthenticated, "TOKEN_MISSING"));
}

TEST_F(TlsServerTest, HealthNeedsTheCertificateAlone) {
  EchoServer server(Mutual(), {}, {.threads = 2}, Services());
  server.door().health().SetAll(Serving::kYes);
  const RawCall check{.method = "grpc.health.v1.Health/Check"};

  EXPECT_EQ(Send(server, Anybody(), check).status.code(), StatusCode::kUnavailable);
  const RawAnswer answer = Send(server, With({"DNS:other.test"}), check);

  ASSERT_THAT(answer.status, IsOk());
  grpc::health::v1::HealthCheckResponse health;
  ASSERT_TRUE(health.ParseFromString(answer.messages.at(0)));
  EXPECT_EQ(health.status(), grpc::health::v1::HealthCheckResponse::SERVING);
}

TEST_F(TlsServerTest, ReflectionIsForKnownServices) {
  EchoServer server(Mutual(), {}, {.threads = 2}, Services());
  grpc::reflection::v1::ServerReflectionRequest request;
  request.set_list_services("*");
  const RawCall call{.method = "grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
                     .messages = {request.SerializeAsString()}};

  EXPECT_THAT(Send(server, With({"URI:" + std::string(kImporter)}), call).status, IsOk());
  EXPECT_THAT(Send(server, With({"DNS:other.test"}), call).status,
              StatusIs(StatusCode::kUnauthenticated, "PEER_UNKNOWN"));
}

TEST_F(TlsServerTest, FilesThatCannotServeStopTheStart) {
  EchoServer other;
  TlsFiles files = directory_.Files(authority_.Issue(), "");
  directory_.Write("own.key", authority_.Issue().key);

  EXPECT_THAT(Server::Start({.tls = files}, other.door()),
              StatusIs(StatusCode::kFailedPrecondition, "TLS_PAIR"));
  files.certificate = directory_.Path("none");
  EXPECT_THAT(Server::Start({.tls = files}, other.door()),
              StatusIs(StatusCode::kUnavailable, "TLS_FILE"));
  EXPECT_THAT(Server::Start({.address = "localhost:0", .tls = files}, other.door()),
              StatusIs(StatusCode::kInvalidArgument, "GRPC_ADDRESS"));
}

TEST_F(TlsServerTest, WhileOnlyTheKeyIsNewTheOldCertificateServes) {
  const Issued old = authority_.Issue();
  const Issued next = authority_.Issue();
  EchoServer server(
      ServerOptions{.tls = directory_.Files(old, authority_.certificate()), .tls_refresh = 2ms});

  directory_.Write("own.key", next.key);
  EXPECT_TRUE(Eventually([&] { return Failed(server) > 2; }, 10s));
  EXPECT_THAT(Echo(server, With({})), IsOk());
  EXPECT_TRUE(Shows(server, old));
  directory_.Write("own.pem", next.certificate);

  EXPECT_TRUE(Shows(server, next));
}

TEST_F(TlsServerTest, NoCallFailsWhileCertificatesAreReplaced) {
  EchoServer server(Mutual());
  Client client(To(server, With({})), metrics_);
  const Certificates own = With({});
  std::atomic<bool> over = false;
  std::atomic<int> good = 0;
  std::atomic<int> bad = 0;
  const auto count = [&](const absl::Status& status) {
    (status.ok() ? good : bad)++;
    EXPECT_THAT(status, IsOk());
  };
  std::vector<std::jthread> callers;
  callers.emplace_back([&] {  // over one connection
    while (!over) {
      count(client
                .Call<echo::EchoResponse>(
                    kEcho, echo::EchoRequest(),
                    {.deadline = Deadline::After(10s), .bearer = server.Token()})
                .status());
    }
  });
  callers.emplace_back([&] {  // over a new one each time
    while (!over) count(Echo(server, own));
  });

  for (int round = 0; round < 8; ++round) {
    const Issued next = authority_.Issue();
    if (round % 2 == 0) {
      directory_.Write(next);
    } else {
      directory_.Write("own.pem", next.certificate);
      const double failed = Failed(server);
      EXPECT_TRUE(Eventually([&] { return Failed(server) > failed; }, 10s));
      directory_.Write("own.key", next.key);
    }
    EXPECT_TRUE(Shows(server, next)) << round;
  }

  over = true;
  callers.clear();
  EXPECT_EQ(bad, 0);
  EXPECT_GT(good, 50);
}

TEST_F(TlsServerTest, AClientShowsItsNewCertificateAndLosesNoCall) {
  EchoServer server(Mutual(), {}, {.threads = 2}, Services());
  std::atomic<int> by_erp = 0;
  std::atomic<int> by_importer = 0;
  server.echo_handler = [&](const lotura::Call& call, const auto&) {
    (call.principal.name == "services/erp" ? by_erp : by_importer)++;
    return echo::EchoResponse();
  };
  using Material = std::shared_ptr<const TlsMaterial>;
  Snapshot<Material> shown(With({"DNS:erp.test"})());
  Client client(To(server, [&shown] { return *shown.Get(); }), metrics_);
  std::atomic<int> bad = 0;
  std::atomic<bool> over = false;
  std::vector<std::jthread> callers;
  for (int i = 0; i < 2; ++i) {
    callers.emplace_back([&] {
      while (!over) {
        const auto answer = client.Call<echo::EchoResponse>(
            kEcho, echo::EchoRequest(), {.deadline = Deadline::After(10s), .tenant = kTenant});
        EXPECT_THAT(answer, IsOk());
        if (!answer.ok()) ++bad;
      }
    });
  }

  for (int round = 0; round < 4; ++round) {
    const bool now_erp = round % 2 != 0;
    std::atomic<int>& calls = now_erp ? by_erp : by_importer;
    const int before = calls;
    shown.Set(With({now_erp ? "DNS:erp.test" : "URI:" + std::string(kImporter)})());
    EXPECT_TRUE(Eventually([&] { return calls > before + 20; }, 10s)) << round;
  }

  over = true;
  callers.clear();
  EXPECT_EQ(bad, 0);
}

}  // namespace
}  // namespace lotura::rpc
