// A sealed journal is taken into an archive, and only then its days may go.
#include "libs/audit/archive_step.h"

#include <gmock/gmock.h>
#include <google/protobuf/util/json_util.h>

#include <filesystem>
#include <fstream>
#include <functional>

#include "libs/audit/seal_fixture.h"
#include "libs/testing/fakes.h"
#include "libs/testing/process.h"

namespace lotura::audit {
namespace {

using ::lotura::testing::StatusIs;
using ::testing::IsEmpty;
using ::testing::SizeIs;
namespace fs = std::filesystem;

// A store that writes, and says that it did not.
class Interrupted final : public ObjectStore {
 public:
  explicit Interrupted(ObjectStore& store) : store_(store) {}
  absl::Status Put(const std::string& name, std::string_view content, Deadline deadline) override {
    EXPECT_THAT(store_.Put(name, content, deadline), IsOk());
    return Unavailable("ARCHIVE_UNWRITABLE", "the answer was lost");
  }

 private:
  ObjectStore& store_;
};

// A store that does not return for an hour.
class Hanging final : public ObjectStore {
 public:
  Hanging(testing::FakeClock& clock, std::function<void()> meanwhile)
      : clock_(clock), meanwhile_(std::move(meanwhile)) {}
  absl::Status Put(const std::string&, std::string_view, Deadline) override {
    clock_.Advance(std::chrono::hours(1));
    meanwhile_();
    return Unavailable("ARCHIVE_UNWRITABLE", "it hung");
  }

 private:
  testing::FakeClock& clock_;
  const std::function<void()> meanwhile_;
};

class ArchiveTest : public SealFixture {
 protected:
  std::unique_ptr<ArchiveStep> NewArchiver(ObjectStore* store = nullptr,
                                           std::size_t object_bytes = 16 << 20) {
    return std::make_unique<ArchiveStep>(
        ArchiveOptions{.service = "sales", .holder = ids_.Next(), .object_bytes = object_bytes},
        ArchiveParts{journal_, seals_, store == nullptr ? *store_ : *store, clock_}, metrics_,
        log_);
  }
  void Archive() {
    const auto step = NewArchiver();
    step->Run();
    step->Stop();
  }
  // The objects of a tenant in the order of their names.
  std::vector<fs::path> Objects(std::uint8_t tenant) const {
    std::vector<fs::path> objects;
    const fs::path folder = root() / "sales" / TenantOf(tenant).value.ToString();
    if (!fs::exists(folder)) return objects;
    for (const auto& entry : fs::directory_iterator(folder)) objects.push_back(entry.path());
    std::ranges::sort(objects);
    return objects;
  }
  Report VerifyArchive(std::uint8_t tenant) {
    Verifier verifier({key_.verify_key()}, {});
    for (const fs::path& object : Objects(tenant)) {
      std::ifstream lines(object);
      for (std::string line; std::getline(lines, line);) {
        v1::SealedEntries sealed;
        EXPECT_TRUE(google::protobuf::util::JsonStringToMessage(line, &sealed).ok()) << object;
        verifier.Take(sealed);
      }
    }
    return verifier.Finish();
  }
  // What upkeep asks before it drops the present day.
  bool TodayIsNeeded() {
    return Number("SELECT journal_day_is_needed((now() AT TIME ZONE 'UTC')::date)::int") == 1;
  }
  fs::path root() const { return directory_.path(); }

  const testing::TempDir directory_;
  const std::unique_ptr<ObjectStore> store_ = OpenStore({.place = directory_.path()}).value();
};

TEST_F(ArchiveTest, EachTenantsLogIsThereAndVerifies) {
  Write(1, 10);
  Write(2, 3);
  SealAll();
  Archive();
  Write(1, 5);
  SealAll();
  Archive();

  EXPECT_THAT(Objects(1), SizeIs(2));
  EXPECT_EQ(VerifyArchive(1).entries, 15);
  EXPECT_EQ(VerifyArchive(1).findings_count, 0);
  EXPECT_EQ(VerifyArchive(2).entries, 3);
  EXPECT_EQ(VerifyArchive(2).findings_count, 0);
  EXPECT_EQ(Metric("lotura_audit_archive_objects_total"), 3);
}

TEST_F(ArchiveTest, NoDayIsDroppedBeforeItIsArchived) {
  EXPECT_THAT(journal_.KeepFor(std::vector<std::string>{kArchiveRelay}, AMinute()), IsOk());
  Write(1, 3);
  SealAll();
  EXPECT_TRUE(TodayIsNeeded());

  Archive();
  EXPECT_FALSE(TodayIsNeeded());

  Write(1, 1);
  SealAll();
  EXPECT_TRUE(TodayIsNeeded());
  EXPECT_THAT(journal_.KeepNoMoreFor(kArchiveRelay, AMinute()), IsOk());
  EXPECT_FALSE(TodayIsNeeded());
}

TEST_F(ArchiveTest, WhatIsArchivedStaysWhenTheJournalIsGone) {
  Write(1, 10);
  SealAll();
  Archive();

  Run("TRUNCATE journal");

  EXPECT_EQ(VerifyArchive(1).entries, 10);
  EXPECT_EQ(VerifyArchive(1).findings_count, 0);
  EXPECT_EQ(Verify(1).entries, 0);
}

TEST_F(ArchiveTest, AnObjectWhoseAnswerWasLostIsWrittenAgainAndStillVerifies) {
  Interrupted interrupted(*store_);
  Write(1, 4);
  SealAll();
  const auto failing = NewArchiver(&interrupted);
  failing->Run();
  failing->Stop();
  EXPECT_EQ(Metric("lotura_audit_archive_failures_total"), 1);
  Write(1, 4);
  SealAll();

  Archive();

  EXPECT_THAT(Objects(1), SizeIs(2));
  EXPECT_EQ(VerifyArchive(1).entries, 8);
  EXPECT_EQ(VerifyArchive(1).findings_count, 0);
}

TEST_F(ArchiveTest, LargeLogsBecomeSeveralObjects) {
  for (int i = 0; i < 150; ++i) {
    Write(1, 1, 2'000);
    if (i % 2 == 0) SealAll();
  }
  SealAll();

  const auto step = NewArchiver(nullptr, 10'000);
  step->Run();
  step->Stop();

  EXPECT_GT(Objects(1).size(), 1U);
  EXPECT_EQ(VerifyArchive(1).entries, 150);
  EXPECT_EQ(VerifyArchive(1).findings_count, 0);
}

TEST_F(ArchiveTest, WhoHasNoLeaseWritesNothing) {
  Write(1, 1);
  SealAll();
  const auto other =
      journal_.Acquire(kArchiveRelay, ids_.Next(), std::chrono::minutes(1), AMinute()).value();
  ASSERT_TRUE(other.has_value());

  Archive();

  EXPECT_THAT(Objects(1), IsEmpty());
}

TEST_F(ArchiveTest, AByteThatWasChangedInTheArchiveIsFound) {
  Write(1, 4, 100);
  SealAll();
  Archive();
  std::ifstream file(Objects(1).front());
  std::string text{std::istreambuf_iterator<char>(file), {}};
  text.replace(text.find("opportunities/o1"), 16, "opportunities/o7");
  std::ofstream(Objects(1).front()) << text;

  EXPECT_GE(VerifyArchive(1).findings_count, 1);
}

TEST_F(ArchiveTest, AnArchiveThatIsAwayIsTold) {
  Write(1, 1);
  SealAll();
  const auto step = NewArchiver();
  fs::remove_all(root());
  std::ofstream(root()) << "in its way";

  EXPECT_EQ(step->Run(), std::chrono::milliseconds(10'000));
  step->Stop();

  EXPECT_EQ(Metric("lotura_audit_archive_failures_total"), 1);
  EXPECT_EQ(Metric("lotura_audit_archived_seals_total"), 0);
}

TEST_F(ArchiveTest, AnArchiveThatHangsShowsWhileItDoes) {
  Write(1, 1);
  SealAll();
  testing::FakeClock clock;
  const std::string since = "lotura_audit_archiving_since_timestamp_seconds";
  const auto begin = std::chrono::floor<std::chrono::seconds>(clock.Now()).time_since_epoch();
  double shown = 0;
  Hanging hanging(clock, [&] { shown = Metric(since); });
  ArchiveStep step({.service = "sales", .holder = ids_.Next()}, {journal_, seals_, hanging, clock},
                   metrics_, log_);
  EXPECT_EQ(Metric(since), 0);

  step.Run();
  step.Stop();

  EXPECT_EQ(shown, static_cast<double>(begin.count()));
  EXPECT_EQ(Metric(since), 0);
  EXPECT_EQ(Metric("lotura_audit_unarchived_seconds"), 3'600);
}

TEST_F(ArchiveTest, WhatTakesTooLongIsGivenUp) {
  const std::string content(std::size_t{3} << 20, 'x');

  EXPECT_THAT(store_->Put("sales/o.jsonl", content, Deadline::After(std::chrono::milliseconds(-1))),
              StatusIs(absl::StatusCode::kUnavailable, "ARCHIVE_UNWRITABLE"));

  EXPECT_FALSE(fs::exists(root() / "sales" / "o.jsonl"));
  EXPECT_THAT(store_->Put("sales/o.jsonl", content, AMinute()), IsOk());
  EXPECT_EQ(fs::file_size(root() / "sales" / "o.jsonl"), content.size());
}

TEST(ObjectStoreTest, PlacesThatCannotServeAreRefused) {
  const auto refused = [](const StoreOptions& options) {
    EXPECT_THAT(OpenStore(options), StatusIs(absl::StatusCode::kInvalidArgument, "ARCHIVE_PLACE"));
  };
  refused({.place = "relative"});
  refused({.place = "/nowhere/at/all"});
  refused({.place = "s3://"});
  refused({.place = "s3://bucket"});
  refused({.place = "s3://bucket",
           .endpoint = "http://s3.example.com",
           .region = "r",
           .key_id = "k",
           .secret = "s"});
  refused({.place = "s3://bucket",
           .endpoint = "http://localhost.example.com",
           .region = "r",
           .key_id = "k",
           .secret = "s"});
  EXPECT_THAT(OpenStore({.place = "s3://bucket/a",
                         .endpoint = "http://127.0.0.1:9000",
                         .region = "r",
                         .key_id = "k",
                         .secret = "s"}),
              IsOk());
}

}  // namespace
}  // namespace lotura::audit
