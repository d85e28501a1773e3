// Runs under the thread sanitizer too: tsan
#include "libs/resource/cached_store.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <thread>

#include "libs/cache/memory_cache.h"
#include "libs/resource/codec.h"
#include "libs/resource/testdata/bench.h"
#include "libs/resource/testdata/forwarding_store.h"
#include "libs/testing/eventually.h"
#include "libs/testing/status_matchers.h"

namespace lotura::resource {
namespace {

using cache::MemoryCache;
using ::lotura::testing::IsOk;
using testdata::CallAs;
using testdata::v1::Widget;

// Counts the reads, and holds them up when a test asks for it.
class WatchedStore final : public testdata::ForwardingStore {
 public:
  absl::StatusOr<std::vector<std::optional<Record>>> Load(const Declaration& declaration,
                                                          const TenantId& tenant,
                                                          std::span<const std::string> names,
                                                          Deadline deadline) override {
    ++loads;
    auto loaded = inner.Load(declaration, tenant, names, deadline);
    if (hold != nullptr) hold->wait();
    return loaded;
  }

  std::atomic<int> loads{0};
  std::latch* hold = nullptr;
};

class CachedStoreTest : public ::testing::Test {
 protected:
  Verdict Commit(Store& store, std::int64_t version, const std::string& display_name) {
    auto widget = std::make_shared<Widget>();
    widget->set_name("widgets/w1");
    widget->set_display_name(display_name);
    Unit unit{.call = std::make_shared<const Call>(call_)};
    unit.changes.push_back(
        {.declaration = &declaration_,
         .kind = version == 1 ? events::v1::KIND_CREATED : events::v1::KIND_UPDATED,
         .name = widget->name(),
         .version = version,
         .before = version == 1 ? nullptr : widget,
         .after = widget,
         .event_type = declaration_.EventType("updated"),
         .event_id = ids_.Next()});
    const auto outcomes = store.Commit({&unit, 1}, call_.deadline);
    EXPECT_THAT(outcomes.front(), IsOk());
    return outcomes.front()->verdict;
  }
  // What is read; empty for no record.
  std::string Read() {
    const std::string names[] = {"widgets/w1"};
    const auto loaded = cached_.Load(declaration_, call_.principal.tenant, names, call_.deadline);
    EXPECT_THAT(loaded, IsOk());
    if (!loaded.ok() || !loaded->front().has_value()) return "";
    return static_cast<const Widget&>(*loaded->front()->message).display_name();
  }

  testing::FakeClock clock_;
  testing::FakeIds ids_;
  const Catalog catalog_ = testdata::WidgetCatalog();
  const Declaration& declaration_ = *catalog_.types().front().declaration;
  const Call call_ = CallAs(1);
  cache::Counts counts_;
  MemoryCache cache_{{}, clock_, counts_};
  WatchedStore store_;
  RecordCache record_cache_{cache_, catalog_.Declarations()};
  CachedStore cached_{store_, record_cache_};
};

TEST_F(CachedStoreTest, RecordAndAbsenceAreReadOnceFromTheStore) {
  EXPECT_EQ(Read(), "");
  EXPECT_EQ(Read(), "");
  EXPECT_EQ(store_.loads, 1);

  ASSERT_EQ(Commit(cached_, 1, "first"), Verdict::kCommitted);

  EXPECT_EQ(Read(), "first");
  EXPECT_EQ(Read(), "first");
  EXPECT_EQ(store_.loads, 2);
}

TEST_F(CachedStoreTest, WriteIsReadBackAtOnce) {
  Commit(cached_, 1, "first");
  Read();

  Commit(cached_, 2, "second");

  EXPECT_EQ(Read(), "second");
}

TEST_F(CachedStoreTest, SecondAttemptReadsAnewWhenTheCacheWasStale) {
  Commit(cached_, 1, "first");
  Read();
  cache_.SetReach(MemoryCache::Reach::kUnreachable);
  Commit(cached_, 2, "second");
  cache_.SetReach(MemoryCache::Reach::kReachable);
  ASSERT_EQ(Read(), "first") << "the cache was not told, so that this test shows nothing";

  EXPECT_EQ(Commit(cached_, 2, "from the first"), Verdict::kStale);

  EXPECT_EQ(Read(), "second");
}

TEST_F(CachedStoreTest, NameThatIsTakenIsNoLongerTakenForFree) {
  ASSERT_EQ(Read(), "");
  Commit(store_, 1, "first");
  ASSERT_EQ(Read(), "") << "the absence was not cached, so that this test shows nothing";

  EXPECT_EQ(Commit(cached_, 1, "another"), Verdict::kNameTaken);

  EXPECT_EQ(Read(), "first");
}

TEST_F(CachedStoreTest, ReaderFromBeforeAWriteDoesNotBringTheOldVersionBack) {
  Commit(cached_, 1, "first");
  std::latch hold(1);
  store_.hold = &hold;
  std::jthread slow([&] { EXPECT_EQ(Read(), "first"); });
  ASSERT_TRUE(testing::Eventually([&] { return store_.loads == 1; }, std::chrono::seconds(10)));

  Commit(cached_, 2, "second");
  hold.count_down();
  slow.join();

  EXPECT_EQ(Read(), "second");
}

}  // namespace
}  // namespace lotura::resource
