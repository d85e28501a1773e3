// The process around a service: how it starts, ends and is asked, with and without Kafka.
#include "libs/host/process.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "libs/events/cloud_events.h"
#include "libs/events/kafka_bus.h"
#include "libs/rpc/certificates_fixture.h"
#include "libs/rpc/client.h"
#include "libs/rpc/token_issuer.h"
#include "libs/testing/events_schema.h"
#include "libs/testing/kafka.h"
#include "libs/testing/redis.h"
#include "lotura/sample/v1/sample.pb.h"

namespace lotura::host {
namespace {

using ::lotura::testing::AMinute;
using ::lotura::testing::Eventually;
using ::lotura::testing::IsOk;
using ::lotura::testing::StatusIs;
using ::std::chrono::seconds;

constexpr char kNoKafka[] = "127.0.0.1:1";

class ProcessTest : public ::testing::Test {
 protected:
  ProcessTest() {
    Write("jwks.json", issuer_.KeySetJson());
    Write("issuers.json", rpc::TokenIssuer::TrustJson(rules_, Path("jwks.json")));
    Write("page-keys", "k1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n");
    const std::vector<pg::Migration> none;
    EXPECT_THAT(pg::Migrate(database_, "sample",
                            MigrationsOf({.name = "sample", .migrations = &none}), AMinute()),
                IsOk());
  }

  std::vector<std::string> Command(const std::string& brokers,
                                   const std::vector<std::string>& words = {}) const {
    // Without the settings that the test's own environment may hold.
    std::vector<std::string> command{"/usr/bin/env", "-i", "PATH=/usr/bin:/bin",
                                     LOTURA_HOST_SAMPLE};
    command.insert(command.end(), words.begin(), words.end());
    for (const std::string& setting :
         {"--postgres=" + conninfo_, "--kafka-brokers=" + brokers, "--redis=" + redis_,
          "--grpc-listen=unix:" + Path("grpc.sock"),
          "--http-listen=127.0.0.1:" + std::to_string(port_),
          "--token-issuers=" + Path("issuers.json"), "--page-token-keys=" + Path("page-keys"),
          std::string("--environment=development"), std::string("--topic-replicas=1"),
          std::string("--topic-replicas-in-sync=1"), std::string("--drain-announce-ms=0"),
          std::string("--drain-calls-ms=1000")}) {
      command.push_back(setting);
    }
    command.insert(command.end(), more_settings_.begin(), more_settings_.end());
    return command;
  }

  std::unique_ptr<testing::ChildProcess> Start(const std::string& brokers) {
    auto process = std::make_unique<testing::ChildProcess>(Command(brokers), Path("sample.log"),
                                                           SIGKILL, testing::RunAs::kCaller);
    EXPECT_TRUE(Eventually([&] { return Probe("/readyz") == 200; }, seconds(60)))
        << Read("sample.log");
    return process;
  }

  [[nodiscard]] int Run(const std::vector<std::string>& command, const std::string& log) const {
    testing::ChildProcess process(command, Path(log), SIGKILL, testing::RunAs::kCaller);
    const int status = process.Wait();
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  static int ExitCode(testing::ChildProcess& process) {
    process.Signal(SIGTERM);
    const int status = process.Wait();
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  static std::uint16_t FreePort() {
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = Loopback(0);
    socklen_t size = sizeof(address);
    EXPECT_EQ(bind(listener, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size), 0);
    close(listener);
    return ntohs(address.sin_port);
  }

  static sockaddr_in Loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
  }

  // The answer to a GET, or nothing.
  [[nodiscard]] std::string Get(const std::string& path) const {
    const int connection = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = Loopback(port_);
    std::string answer;
    if (connect(connection, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0) {
      const std::string request = "GET " + path + " HTTP/1.0\r\n\r\n";
      send(connection, request.data(), request.size(), MSG_NOSIGNAL);
      std::array<char, 4096> part{};
      ssize_t size = 0;
      while ((size = recv(connection, part.data(), part.size(), 0)) > 0)
        answer.append(part.data(), static_cast<std::size_t>(size));
    }
    close(connection);
    return answer;
  }

  // The code of the answer, 0 if none came.
  [[nodiscard]] int Probe(const std::string& path) const {
    const std::string answer = Get(path);
    return answer.size() < 12 ? 0 : std::stoi(answer.substr(9, 3));
  }

  [[nodiscard]] double Metric(const std::string& name) const {
    const std::string text = Get("/metrics");
    const std::size_t at = text.find("\n" + name + "{");
    return at == std::string::npos ? -1 : std::stod(text.substr(text.find("} ", at) + 2));
  }

  void WriteEvent(std::int64_t version) {
    testing::PgOpenWrite write(database_);
    write.Add(testing::EntryOf(ids_, "things/t", version));
    write.Commit();
  }

  [[nodiscard]] std::string Path(const std::string& name) const {
    return directory_.path() + "/" + name;
  }
  void Write(const std::string& name, const std::string& text) const {
    std::ofstream(Path(name)) << text;
  }
  [[nodiscard]] std::string Read(const std::string& name) const {
    std::ostringstream text;
    text << std::ifstream(Path(name)).rdbuf();
    return text.str();
  }

  // What comes of a call of this user of the tenant with this number.
  absl::Status Ping(int tenant, const std::string& user) {
    const Principal caller{
        .tenant = TenantId{*Uuid::Parse(fmt::format("00000000-0000-4000-8000-{:012}", tenant))},
        .name = user,
        .permissions = {"sample.*"},
        .grounds = Grounds::kToken};
    rpc::Client client({.target = "unix:" + Path("grpc.sock"), .neighbor = "sample"}, metrics_);
    return client
        .Call<sample::v1::PingResponse>(
            "lotura.sample.v1.SampleService/Ping", sample::v1::PingRequest(),
            {.deadline = Deadline::After(seconds(10)),
             .bearer = issuer_.Mint(caller, rules_, SystemClock().Now() + std::chrono::hours(1))})
        .status();
  }

  std::vector<std::string> more_settings_;
  const testing::TempDir directory_;
  std::string redis_ = "unix:" + Path("no-redis.sock");
  const rpc::TokenRules rules_{
      .issuer = "https://issuer.test", .audience = "lotura", .grounds = Grounds::kToken};
  const rpc::TokenIssuer issuer_{rpc::Algorithm::kEs256, "key-1"};
  const std::string conninfo_ = testing::Postgres().NewDatabase();
  pg::Database database_{{.conninfo = conninfo_, .schema = "sample"}};
  const std::uint16_t port_ = FreePort();
  testing::FakeIds ids_;
  observe::Metrics metrics_{"test"};
  observe::Log log_{{.service = "test", .level = observe::Level::kError}, metrics_};
};

TEST_F(ProcessTest, ServesAndEndsCleanlyWithKafkaDownSinceTheStart) {
  const auto process = Start(kNoKafka);
  WriteEvent(1);
  // The outage shows.
  EXPECT_TRUE(Eventually([&] { return Metric("lotura_journal_oldest_unpublished_seconds") > 0; },
                         seconds(30)));

  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(ExitCode(*process), 0) << Read("sample.log");

  EXPECT_LT(std::chrono::steady_clock::now() - begin, seconds(12));
  EXPECT_NE(Read("sample.log").find("\"message\":\"stopped\""), std::string::npos);
  EXPECT_NE(Read("sample.log").find("\"signal\":\"SIGTERM\""), std::string::npos);
}

TEST_F(ProcessTest, IsNotReadyFromTheBeginningOfItsEndAndProbesDoNoHarm) {
  const auto process = Start(kNoKafka);
  EXPECT_EQ(Probe("/livez"), 200);
  std::atomic<bool> is_over = false;
  std::atomic<bool> was_not_ready = false;
  std::vector<std::jthread> probes;
  for (int i = 0; i < 4; ++i) {
    probes.emplace_back([&] {
      while (!is_over) {
        if (Probe("/readyz") == 503) was_not_ready = true;
      }
    });
  }

  EXPECT_EQ(ExitCode(*process), 0);

  is_over = true;
  probes.clear();
  EXPECT_TRUE(was_not_ready);
}

TEST_F(ProcessTest, RelayPublishesThoughAForeignTopicCannotBeMade) {
  events::KafkaBus bus({.brokers = testing::Kafka().address()}, log_);
  ASSERT_THAT(bus.EnsureTopic({.name = "lotura.other.v1", .partitions = 7}, AMinute()), IsOk());
  const auto process = Start(testing::Kafka().address());

  WriteEvent(1);

  EXPECT_TRUE(Eventually([&] { return Metric("lotura_relay_published_total") == 1; }, seconds(60)))
      << Read("sample.log");
  EXPECT_TRUE(Eventually(
      [&] {
        return Get("/metrics")
                   .find(
                       "lotura_consumer_handled_total{consumer=\"sample.echo\","
                       "service=\"sample\"} 1") != std::string::npos;
      },
      seconds(60)));
  EXPECT_EQ(ExitCode(*process), 0);
}

TEST_F(ProcessTest, OperatorsSeeAndDecideWhatWaits) {
  events::JournalEntry entry = testing::EntryOf(ids_, "things/t", 1);
  const std::vector<events::ReceivedRecord> records = {
      {events::ToBusRecord(entry, "sample").value(), {"lotura.sample.v1", 0, 1}}};
  events::PgInbox inbox(
      database_, {.consumer = "echo", .attempts = 1},
      [](pg::Tx& /*tx*/, std::span<const events::Event> /*events*/) {
        return FailedPrecondition("NO_SUCH_STAGE", "the stage is unknown");
      },
      log_);
  ASSERT_EQ(inbox.Apply(records, AMinute()).dead, 1);
  const std::string key = events::ParkingKeyOf(records[0]);
  const auto run = [&](const std::vector<std::string>& words) {
    return Run(Command(kNoKafka, words), "parked.log");
  };

  EXPECT_EQ(run({"parked", "list", "sample.echo"}), 0);
  EXPECT_NE(Read("parked.log").find(key + "\t1\t1\t"), std::string::npos) << Read("parked.log");
  EXPECT_EQ(run({"parked", "retry", "sample.nobody", key}), 1);
  EXPECT_EQ(run({"parked", "retry", "sample.echo", "another"}), 1);
  EXPECT_EQ(run({"parked", "give-up", "sample.echo", key}), 2);
  EXPECT_EQ(run({"parked", "retry", "sample.echo", key}), 0);

  EXPECT_EQ(inbox.CountParked(AMinute()).value(), 0);
}

TEST_F(ProcessTest, ServicesAreKnownByTheirCertificates) {
  const rpc::TestAuthority authority;
  const rpc::Issued own = authority.Issue({.names = {"DNS:sample.test"}});
  Write("own.pem", own.certificate);
  Write("own.key", own.key);
  Write("ca.pem", authority.certificate());
  Write("services.json",
        R"({"services": [{"id": "probe", "peer": "spiffe://test/probe", "permissions": ["sample.*"],
            "tenants": ["00000000-0000-4000-8000-000000000001"]}]})");
  more_settings_ = {"--grpc-certificate-file=" + Path("own.pem"),
                    "--grpc-key-file=" + Path("own.key"), "--grpc-client-ca-file=" + Path("ca.pem"),
                    "--service-principals=" + Path("services.json")};
  const auto process = Start(kNoKafka);
  const auto ping = [&](const std::string& name) {
    const rpc::Issued shown = authority.Issue({.names = {name}});
    const auto material = std::make_shared<const rpc::TlsMaterial>(
        rpc::TlsMaterial{.certificate = shown.certificate,
                         .key = shown.key,
                         .authorities = authority.certificate(),
                         .expires = {}});
    rpc::Client client({.target = "unix:" + Path("grpc.sock"),
                        .neighbor = "sample",
                        .security = rpc::Security::kTls,
                        .certificates = [material] { return material; },
                        .server_name = "sample.test"},
                       metrics_);
    return client
        .Call<sample::v1::PingResponse>("lotura.sample.v1.SampleService/Ping",
                                        sample::v1::PingRequest(),
                                        {.deadline = Deadline::After(seconds(10))})
        .status();
  };

  EXPECT_THAT(ping("URI:spiffe://test/probe"), IsOk());
  EXPECT_THAT(ping("URI:spiffe://test/other"),
              StatusIs(absl::StatusCode::kUnauthenticated, "PEER_UNKNOWN"));

  EXPECT_GT(Metric("lotura_tls_certificate_expiry_timestamp_seconds"), 0);
  EXPECT_EQ(ExitCode(*process), 0);
}

TEST_F(ProcessTest, QuotasHoldWithRedisAndWithoutAndFollowTheirFile) {
  testing::RedisServer redis;
  redis_ = redis.address();
  const auto allow = [&](int calls) {
    Write("quotas.new",
          fmt::format(R"({{"each_tenant": {{"per_second": 0.01, "burst": {}}}}})", calls));
    std::filesystem::rename(Path("quotas.new"), Path("quotas.json"));
  };
  const auto admitted = [&](int tenant) {
    int count = 0;
    while (count < 100 && Ping(tenant, "users/anna").ok()) ++count;
    return count;
  };
  allow(3);
  more_settings_ = {"--quotas=" + Path("quotas.json")};
  const auto process = Start(kNoKafka);

  EXPECT_EQ(admitted(1), 3);
  EXPECT_THAT(Ping(1, "users/bert"),
              StatusIs(absl::StatusCode::kResourceExhausted, "QUOTA_EXCEEDED"));
  EXPECT_EQ(admitted(2), 3);

  allow(5);
  EXPECT_TRUE(Eventually(
      [&] { return Read("sample.log").find("new quotas are in force") != std::string::npos; },
      seconds(30)));
  EXPECT_EQ(admitted(3), 5);

  redis.Kill();
  EXPECT_EQ(admitted(4), 5);
  EXPECT_TRUE(Eventually([&] { return Metric("lotura_quota_local") == 1; }, seconds(30)));
  const std::string metrics = Get("/metrics");
  EXPECT_EQ(metrics.find("anna"), std::string::npos);
  EXPECT_EQ(metrics.find("00000000-0000"), std::string::npos);
  EXPECT_EQ(ExitCode(*process), 0) << Read("sample.log");
}

TEST_F(ProcessTest, AFileOfQuotasWithMistakesStopsTheStart) {
  Write("quotas.json", R"({"each_tenant": {"per_second": -1, "burst": 1}})");
  std::vector<std::string> command = Command(kNoKafka);
  command.push_back("--quotas=" + Path("quotas.json"));

  EXPECT_EQ(Run(command, "refused.log"), 1);

  EXPECT_NE(Read("refused.log").find("each_tenant.per_second"), std::string::npos)
      << Read("refused.log");
}

TEST_F(ProcessTest, SettingsThatDoNotGoTogetherAreRefused) {
  std::vector<std::string> command = Command(kNoKafka);
  command.emplace_back("--topic-replicas-in-sync=2");

  EXPECT_EQ(Run(command, "refused.log"), 2);

  EXPECT_NE(Read("refused.log").find("topic-replicas-in-sync"), std::string::npos);
}

}  // namespace
}  // namespace lotura::host

namespace lotura::testing {

// Its entries are of use here, its tests are those of a journal.
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(JournalContract);

}  // namespace lotura::testing
