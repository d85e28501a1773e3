// What is noted, when it is written, and which answers wait for it. tsan
#include "libs/audit/read_log.h"

#include <gmock/gmock.h>

#include <set>
#include <utility>

#include "libs/base/errors.h"
#include "libs/testing/eventually.h"
#include "libs/testing/fakes.h"
#include "libs/testing/status_matchers.h"

namespace lotura::audit {
namespace {

using ::lotura::testing::Eventually;
using ::lotura::testing::IsOk;
using ::lotura::testing::StatusIs;
using ::testing::ElementsAre;
using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace)
using Waits = ReadLog::Waits;

// A store that a test may close, and that keeps what it was given: the same page once.
class Stored {
 public:
  absl::Status Take(std::span<const StoredPage> pages) {
    const std::lock_guard lock(mutex_);
    if (!fails_.ok()) return fails_;
    for (const StoredPage& page : pages) {
      if (ids_.insert(page.id).second) reads_ += page.reads;
    }
    ++batches_;
    return std::exchange(doubt_, absl::OkStatus());
  }
  void Fail(absl::Status why) {
    const std::lock_guard lock(mutex_);
    fails_ = std::move(why);
  }
  // What comes next is stored, and it says that it does not know.
  void Doubt() {
    const std::lock_guard lock(mutex_);
    doubt_ = Error(absl::StatusCode::kUnknown, "COMMIT_IN_DOUBT", "nobody knows");
  }
  std::int64_t reads() {
    const std::lock_guard lock(mutex_);
    return reads_;
  }
  int batches() {
    const std::lock_guard lock(mutex_);
    return batches_;
  }

 private:
  std::mutex mutex_;
  absl::Status fails_;
  absl::Status doubt_;
  std::set<Uuid> ids_;
  std::int64_t reads_ = 0;
  int batches_ = 0;
};

class ReadLogTest : public ::testing::Test {
 protected:
  std::unique_ptr<ReadLog> NewLog(ReadLogOptions options = {}) {
    return std::make_unique<ReadLog>(
        options,
        [this](std::span<const StoredPage> pages, Deadline) { return stored_.Take(pages); }, ids_,
        metrics_, log_);
  }

  Read ReadOf(const std::string& name) const {
    return {.caller = "users/anna",
            .method = "accounts.v1.PersonService/GetPerson",
            .time = clock_.Now(),
            .sights = {{.type = &type_, .name = name}}};
  }
  // Notes a read whose answer waits, and keeps what becomes of it.
  void NoteWaiting(ReadLog& log, const std::string& name) {
    EXPECT_FALSE(log.Note(ReadOf(name), Waits::kYes, [this](const absl::Status& may) {
      const std::lock_guard lock(mutex_);
      left_.push_back(may);
    }));
  }
  std::vector<absl::Status> left() {
    const std::lock_guard lock(mutex_);
    return left_;
  }
  double Metric(const std::string& series) const {
    const std::string text = metrics_.Exposition();
    const std::size_t at = text.find("\n" + series);
    return at == std::string::npos ? -1 : std::stod(text.substr(text.find("} ", at) + 2));
  }

  const SightType type_{.name = "accounts.lotura/Person", .service = "accounts"};
  testing::FakeClock clock_;
  testing::FakeIds ids_;
  observe::Metrics metrics_{"accounts"};
  observe::Log log_{{.service = "accounts", .level = observe::Level::kError}, metrics_};
  Stored stored_;
  std::mutex mutex_;
  std::vector<absl::Status> left_;
};

TEST_F(ReadLogTest, AnAnswerThatWaitsLeavesWhenItsReadIsStored) {
  const auto log = NewLog();
  NoteWaiting(*log, "people/p1");
  EXPECT_TRUE(left().empty());

  log->Start();

  EXPECT_TRUE(Eventually([&] { return left().size() == 1; }, 10s));
  EXPECT_THAT(left()[0], IsOk());
  EXPECT_EQ(stored_.reads(), 1);
}

TEST_F(ReadLogTest, WhatWaitsAtTheSameTimeSharesACommit) {
  const auto log = NewLog({.threads = 1});
  for (int i = 0; i < 500; ++i) NoteWaiting(*log, "people/p1");

  log->Start();

  EXPECT_TRUE(Eventually([&] { return left().size() == 500; }, 10s));
  EXPECT_EQ(stored_.batches(), 1);
}

TEST_F(ReadLogTest, WhatNobodyWaitsForIsWrittenSoon) {
  const auto log = NewLog({.delay = 50ms});
  log->Start();

  EXPECT_TRUE(log->Note(ReadOf("people/p1"), Waits::kNo, nullptr));

  EXPECT_TRUE(Eventually([&] { return stored_.reads() == 1; }, 10s));
  EXPECT_EQ(Metric(R"(lotura_audit_reads_total{durable="no")"), 1);
}

TEST_F(ReadLogTest, AFullLogMakesAnswersWait) {
  const auto log = NewLog({.waiting_max = 3});
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(log->Note(ReadOf("people/p1"), Waits::kNo, nullptr));
  bool has_left = false;
  EXPECT_FALSE(log->Note(ReadOf("people/p1"), Waits::kNo,
                         [&](const absl::Status& may) { has_left = may.ok(); }));

  log->Stop();

  EXPECT_TRUE(has_left);
  EXPECT_EQ(stored_.reads(), 4);
}

TEST_F(ReadLogTest, WhatCannotBeNotedIsNotShown) {
  stored_.Fail(Unavailable("DATABASE_UNAVAILABLE", "away"));
  const auto log = NewLog({.retry = 1ms});
  EXPECT_TRUE(log->Note(ReadOf("organizations/o1"), Waits::kNo, nullptr));
  NoteWaiting(*log, "people/p1");
  log->Start();

  EXPECT_TRUE(Eventually([&] { return left().size() == 1; }, 10s));
  EXPECT_THAT(left()[0], StatusIs(absl::StatusCode::kUnavailable, "READ_NOT_NOTED"));

  // What has been shown already is noted when the store is back, and what was not shown never.
  stored_.Fail(absl::OkStatus());
  EXPECT_TRUE(Eventually([&] { return stored_.reads() == 1; }, 10s));
  EXPECT_EQ(Metric("lotura_audit_reads_withheld_total"), 1);
  EXPECT_GE(Metric(R"(lotura_audit_read_failures_total{reason="DATABASE_UNAVAILABLE")"), 1);
}

TEST_F(ReadLogTest, WhatMayBeStoredAlreadyIsNotStoredTwice) {
  stored_.Doubt();
  const auto log = NewLog({.retry = 1ms});
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(log->Note(ReadOf("people/p1"), Waits::kNo, nullptr));
  // Makes the others be written at once, and is answered that it was not noted.
  NoteWaiting(*log, "people/p2");
  log->Start();
  EXPECT_TRUE(Eventually([&] { return left().size() == 1; }, 10s));
  EXPECT_THAT(left()[0], StatusIs(absl::StatusCode::kUnavailable, "READ_NOT_NOTED"));

  EXPECT_TRUE(
      Eventually([&] { return Metric(R"(lotura_audit_reads_total{durable="no")") == 3; }, 10s));

  EXPECT_EQ(stored_.batches(), 2);
  EXPECT_EQ(stored_.reads(), 4);
}

TEST_F(ReadLogTest, AnswersDoNotWaitBehindWhatCouldNotBeWritten) {
  stored_.Fail(Unavailable("DATABASE_UNAVAILABLE", "away"));
  const auto log = NewLog({.batch_reads = 2, .delay = 1ms, .retry = 1ms});
  for (int i = 0; i < 20; ++i)
    EXPECT_TRUE(log->Note(ReadOf("organizations/o1"), Waits::kNo, nullptr));
  log->Start();
  EXPECT_TRUE(Eventually(
      [&] {
        return Metric(R"(lotura_audit_read_failures_total{reason="DATABASE_UNAVAILABLE")") > 20;
      },
      10s));
  EXPECT_TRUE(Eventually([&] { return Metric("lotura_audit_reads_waiting{") == 20; }, 10s));

  NoteWaiting(*log, "people/p1");

  EXPECT_TRUE(Eventually([&] { return left().size() == 1; }, 10s));
  stored_.Fail(absl::OkStatus());
  EXPECT_TRUE(Eventually([&] { return stored_.reads() == 20; }, 10s));
}

TEST_F(ReadLogTest, NothingMoreIsShownWhileReadsAreLateToDisk) {
  stored_.Fail(Unavailable("DATABASE_UNAVAILABLE", "away"));
  const auto log = NewLog({.delay = 1ms, .late = 50ms, .retry = 1ms});
  log->Start();
  const auto is_shown_at_once = [&] {
    return log->Note(ReadOf("organizations/o1"), Waits::kNo, [this](const absl::Status& may) {
      const std::lock_guard lock(mutex_);
      left_.push_back(may);
    });
  };
  EXPECT_TRUE(is_shown_at_once());

  EXPECT_TRUE(Eventually([&] { return !is_shown_at_once(); }, 10s));
  EXPECT_TRUE(Eventually([&] { return !left().empty(); }, 10s));
  EXPECT_THAT(left()[0], StatusIs(absl::StatusCode::kUnavailable, "READ_NOT_NOTED"));

  stored_.Fail(absl::OkStatus());
  EXPECT_TRUE(Eventually([&] { return is_shown_at_once(); }, 10s));
}

TEST_F(ReadLogTest, TheEndWritesWhatWaits) {
  auto log = NewLog({.delay = 1h});
  log->Start();
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(log->Note(ReadOf("people/p1"), Waits::kNo, nullptr));

  log.reset();

  EXPECT_EQ(stored_.reads(), 10);
}

TEST_F(ReadLogTest, WhatIsLostAtTheEndIsCounted) {
  stored_.Fail(Unavailable("DATABASE_UNAVAILABLE", "away"));
  auto log = NewLog({.delay = 1h});
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(log->Note(ReadOf("people/p1"), Waits::kNo, nullptr));

  log.reset();

  EXPECT_EQ(Metric("lotura_audit_reads_lost_total"), 10);
}

TEST_F(ReadLogTest, AThousandReadersAtOnceAreAllNoted) {
  const auto log = NewLog({.waiting_max = 100});
  log->Start();
  std::atomic<int> shown = 0;
  {
    std::vector<std::jthread> readers;
    for (int i = 0; i < 20; ++i) {
      readers.emplace_back([&, waits = i % 2 == 0 ? Waits::kYes : Waits::kNo] {
        for (int n = 0; n < 500; ++n) {
          if (log->Note(ReadOf("people/p1"), waits, [&](const absl::Status& may) {
                if (may.ok()) ++shown;
              }))
            ++shown;
        }
      });
    }
  }

  EXPECT_TRUE(Eventually([&] { return shown == 10'000 && stored_.reads() == 10'000; }, 30s));
}

}  // namespace
}  // namespace lotura::audit
