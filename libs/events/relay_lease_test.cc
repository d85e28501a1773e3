// Relays that compete for the lease. tsan
#include "libs/events/relay_fixture.h"

namespace lotura::events {
namespace {

using ::lotura::testing::IsOk;
using ::std::chrono::milliseconds;
using ::std::chrono::seconds;

class RelayLeaseTest : public RelayFixture {};

TEST_F(RelayLeaseTest, OnlyTheHolderOfTheLeasePublishes) {
  const auto one = NewRelay();
  const auto two = NewRelay();
  one->Run();
  Write(1, 3);
  two->Run();

  EXPECT_TRUE(one->HoldsLease());
  EXPECT_FALSE(two->HoldsLease());
  EXPECT_EQ(Published(), Versions{});
}

// Counts how often the lease is asked for.
class CountingJournal final : public Journal {
 public:
  explicit CountingJournal(Journal& journal) : journal_(journal) {}

  std::unique_ptr<JournalReader> NewReader() override { return journal_.NewReader(); }
  absl::StatusOr<std::optional<LeaseToken>> Acquire(const std::string& name, const Uuid& holder,
                                                    milliseconds duration,
                                                    Deadline deadline) override {
    ++acquires;
    return journal_.Acquire(name, holder, duration, deadline);
  }
  absl::Status Release(const LeaseToken& lease, Deadline deadline) override {
    return journal_.Release(lease, deadline);
  }
  absl::StatusOr<Position> LoadCursor(const std::string& relay, Deadline deadline) override {
    return journal_.LoadCursor(relay, deadline);
  }
  absl::Status SaveCursor(const std::string& relay, const Position& position,
                          const LeaseToken& lease, Deadline deadline) override {
    return journal_.SaveCursor(relay, position, lease, deadline);
  }

  int acquires = 0;

 private:
  Journal& journal_;
};

TEST_F(RelayLeaseTest, RelayWithoutTheLeaseLeavesItAloneHoweverOftenItIsWoken) {
  const auto holder = NewRelay();
  holder->Run();
  CountingJournal counting(journal_);
  RelayStep other({.service = "sales", .holder = ids_.Next()}, {counting, bus_, clock_}, metrics_,
                  log_, [] {});

  for (int i = 0; i < 100; ++i) other.Run();

  EXPECT_EQ(counting.acquires, 1);
  clock_.Advance(seconds(6));
  other.Run();
  EXPECT_EQ(counting.acquires, 2);
  EXPECT_TRUE(other.HoldsLease());
}

TEST_F(RelayLeaseTest, RelayThatStopsGivesTheLeaseAwayAndNothingIsPublishedTwice) {
  const auto one = NewRelay();
  const auto two = NewRelay();
  Write(1, 3);
  one->Run();

  one->Stop();
  Write(4, 6);
  Settle(*two);

  EXPECT_TRUE(two->HoldsLease());
  EXPECT_EQ(Published(), (Versions{1, 2, 3, 4, 5, 6}));
}

TEST_F(RelayLeaseTest, RelayThatFellAsleepStopsWhenAnotherTookItsLease) {
  const auto asleep = NewRelay();
  const auto awake = NewRelay();
  asleep->Run();
  bus_.Stop();
  Write(1, 3);
  asleep->Run();
  clock_.Advance(seconds(10));
  awake->Run();
  ASSERT_TRUE(awake->HoldsLease());

  asleep->Run();
  EXPECT_FALSE(asleep->HoldsLease());
  bus_.Start();
  Settle(*awake);

  EXPECT_EQ(Published(), (Versions{1, 2, 3}));
}

TEST_F(RelayLeaseTest, LeaseIsRenewedWhileTheBrokerIsGone) {
  const auto one = NewRelay();
  const auto two = NewRelay();
  bus_.Stop();
  Write(1, 1);
  for (int i = 0; i < 100; ++i) {
    one->Run();
    two->Run();
    clock_.Advance(milliseconds(250));
  }

  EXPECT_TRUE(one->HoldsLease());
  EXPECT_FALSE(two->HoldsLease());
}

TEST_F(RelayLeaseTest, RelayThatDiesBeforeItSavedRepeatsOnlyWhatWasNotSaved) {
  auto dying = NewRelay();
  Write(1, 3);
  Settle(*dying);
  Write(4, 5);
  dying->Run();
  dying.reset();

  clock_.Advance(seconds(10));
  Settle(*NewRelay());

  EXPECT_EQ(Published(), (Versions{1, 2, 3, 4, 5, 4, 5}));
}

TEST_F(RelayLeaseTest, DatabaseThatFailedOverIsReadFromItsOwnCursorOn) {
  const auto relay = NewRelay();
  Write(1, 3);
  Settle(*relay);
  const Position replicated = Cursor();
  Write(4, 6);
  Settle(*relay);
  ASSERT_EQ(Published(), (Versions{1, 2, 3, 4, 5, 6}));

  // What was not replicated is gone, and its numbers belong to others.
  journal_.Restore(replicated);
  Write(14, 15);
  relay->Run();
  Settle(*relay);

  EXPECT_EQ(Published(), (Versions{1, 2, 3, 4, 5, 6, 14, 15}));
}

}  // namespace
}  // namespace lotura::events
