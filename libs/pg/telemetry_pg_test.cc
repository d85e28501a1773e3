// What operators see of a pool and of failures that nobody's request explains.
#include "libs/pg/telemetry.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "libs/testing/postgres.h"
#include "libs/testing/status_matchers.h"

namespace lotura::pg {
namespace {

using ::lotura::testing::IsOk;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Deadline Soon() { return Deadline::After(std::chrono::seconds(20)); }

class TelemetryTest : public ::testing::Test {
 protected:
  TelemetryTest() { EXPECT_EQ(::pipe2(pipe_.data(), O_CLOEXEC | O_NONBLOCK), 0); }
  ~TelemetryTest() override {
    ::close(pipe_[0]);
    ::close(pipe_[1]);
  }

  absl::Status Run(const std::string& script) {
    return database_->Read(Soon(), [&](Tx& tx) {
      tx.RunScript(script);
      return absl::OkStatus();
    });
  }

  std::string Logged() {
    log_->Flush();
    std::string text(1 << 16, '\0');
    const ssize_t size = ::read(pipe_[0], text.data(), text.size());
    text.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
    return text;
  }

  void SetUp() override {
    log_.emplace(observe::LogOptions{.service = "sales", .descriptor = pipe_[1]}, metrics_);
    database_.emplace(Options{.conninfo = testing::Postgres().NewDatabase(), .pool_size = 2},
                      ObserversOf(metrics_, *log_, "read"));
  }

  std::array<int, 2> pipe_{};
  observe::Metrics metrics_{"sales"};
  std::optional<observe::Log> log_;
  std::optional<Database> database_;
};

TEST_F(TelemetryTest, ThePoolIsCounted) {
  ASSERT_THAT(database_->Read(Soon(),
                              [&](Tx&) {
                                EXPECT_THAT(metrics_.Exposition(),
                                            HasSubstr(R"(state="in_use"} 1)"));
                                return absl::OkStatus();
                              }),
              IsOk());
  EXPECT_FALSE(Run("SELECT pg_terminate_backend(pg_backend_pid())").ok());

  const std::string text = metrics_.Exposition();

  EXPECT_THAT(
      text,
      AllOf(HasSubstr(R"(lotura_db_connections{pool="read",service="sales",state="in_use"} 0)"),
            HasSubstr(R"(lotura_db_connections{pool="read",service="sales",state="idle"} 0)"),
            HasSubstr(R"(lotura_db_connections_opened_total{pool="read",service="sales"} 2)"),
            HasSubstr(R"(lotura_db_connections_discarded_total{pool="read",service="sales"} 2)"),
            HasSubstr(R"(lotura_db_waiting_calls{pool="read",service="sales"} 0)"),
            HasSubstr(R"(lotura_db_statement_failures_total{query="script",service="sales"} 2)")));
}

TEST_F(TelemetryTest, AMissingTableIsAnError) {
  EXPECT_FALSE(Run("SELECT secret FROM nowhere").ok());

  EXPECT_THAT(Logged(), AllOf(HasSubstr(R"("level":"error")"), HasSubstr("SCHEMA_MISMATCH"),
                              HasSubstr("42P01"), HasSubstr(R"("query":"script")"),
                              ::testing::Not(HasSubstr("secret"))));
}

TEST_F(TelemetryTest, ARefusedValueIsNoAlarm) {
  EXPECT_FALSE(Run("SELECT 1/0").ok());

  EXPECT_THAT(Logged(), IsEmpty());
}

}  // namespace
}  // namespace lotura::pg
