// Who was shown what, found again in PostgreSQL.
#include <gmock/gmock.h>

#include "libs/audit/migrations.sql.h"
#include "libs/audit/pg_reads.h"
#include "libs/audit/search.h"
#include "libs/base/calendar.h"
#include "libs/events/migrations.sql.h"
#include "libs/events/pg_journal.h"
#include "libs/events/upkeep.h"
#include "libs/testing/events_schema.h"
#include "libs/testing/fakes.h"
#include "libs/testing/tenant.h"

namespace lotura::testing {

// What it holds the journal to is tried in libs/events.
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(JournalContract);

}  // namespace lotura::testing

namespace lotura::audit {
namespace {

using ::lotura::testing::AMinute;
using ::lotura::testing::IsOk;
using ::lotura::testing::StatusIs;
using ::lotura::testing::TenantOf;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace)

constexpr char kKeys[] = "k1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

class ReadsTest : public ::testing::Test {
 protected:
  ReadsTest() { clock_.Advance(SystemClock().Now() - clock_.Now()); }

  static void Fill(const std::string& conninfo) {
    pg::Database database({.conninfo = conninfo, .schema = "accounts"});
    const std::vector<pg::MigrationSet> sets = {{"events", &events::sql::kMigrations},
                                                {"audit", &sql::kMigrations}};
    EXPECT_THAT(pg::Migrate(database, "accounts", sets, AMinute()), IsOk());
  }

  Read ReadOf(const std::string& caller, std::vector<std::string> names, std::uint64_t personal = 1,
              std::uint8_t tenant = 1) {
    Read read{.tenant = TenantOf(tenant),
              .caller = caller,
              .method = "lotura.accounts.v1.PersonService/ListPeople",
              .time = clock_.Now()};
    read.trace_id.fill(0xab);
    for (std::string& name : names)
      read.sights.push_back({.type = type_, .name = std::move(name), .personal = personal});
    return read;
  }
  void Store(std::vector<Read> reads) {
    EXPECT_THAT(reads_.Append(PagesOf(reads, ids_), AMinute()), IsOk());
  }

  Call NewCall(std::uint8_t tenant = 1) {
    Call call{.deadline = AMinute()};
    call.principal.tenant = TenantOf(tenant);
    call.principal.name = "users/auditor";
    call.method = "lotura.audit.v1.AuditService/SearchReads";
    call.now = clock_.Now() + 1s;
    return call;
  }
  absl::StatusOr<v1::SearchReadsResponse> Find(const v1::SearchReadsRequest& request,
                                               std::uint8_t tenant = 1) {
    const Call call = NewCall(tenant);
    LOTURA_ASSIGN_OR_RETURN(const Search search, SearchOf(call, request, tokens_));
    return SearchReads(call, search, reads_, tokens_);
  }
  // "users/anna people/p1 people/p2" of all pages.
  std::vector<std::string> FindAll(v1::SearchReadsRequest request, std::uint8_t tenant = 1) {
    std::vector<std::string> found;
    for (;;) {
      const auto page = Find(request, tenant);
      EXPECT_THAT(page, IsOk());
      if (!page.ok()) return found;
      for (const v1::ReadEntry& entry : page->entries()) {
        std::string line = entry.caller();
        for (const std::string& name : entry.names()) line += " " + name;
        found.push_back(line);
      }
      if (page->next_page_token().empty()) return found;
      request.set_page_token(page->next_page_token());
    }
  }

  const std::string conninfo_ = testing::Postgres().NewDatabase("reads", Fill);
  pg::Database database_{
      {.conninfo = conninfo_, .schema = "accounts", .plan_for = pg::PlanFor::kWrites}};
  const SightType* type_ = SightTypeOf("lotura.accounts.v1.Person");
  testing::FakeClock clock_;
  testing::FakeIds ids_;
  PgReads reads_{database_, database_};
  const resource::PageTokens tokens_ = *resource::PageTokens::FromText(kKeys);
};

TEST_F(ReadsTest, AReadIsFoundWithAllThatIsKnownOfIt) {
  Store({ReadOf("users/anna", {"people/p1", "people/p2"})});

  const auto found = Find({});

  ASSERT_THAT(found, IsOk());
  ASSERT_THAT(found->entries(), SizeIs(1));
  const v1::ReadEntry& entry = found->entries(0);
  EXPECT_EQ(entry.caller(), "users/anna");
  EXPECT_EQ(entry.method(), "lotura.accounts.v1.PersonService/ListPeople");
  EXPECT_EQ(entry.trace_id(), "abababababababababababababababab");
  EXPECT_EQ(entry.resource_type(), "accounts.lotura/Person");
  EXPECT_THAT(entry.names(), ElementsAre("people/p1", "people/p2"));
  EXPECT_THAT(entry.personal_fields(), ElementsAre(type_->personal[0]->name()));
  EXPECT_EQ(ToInstant(entry.time()), clock_.Now());
}

TEST_F(ReadsTest, APeriodThatIsNotGivenStaysThatOfTheFirstPage) {
  std::vector<Read> reads;
  for (const char* name : {"people/p1", "people/p2", "people/p3"}) {
    reads.push_back(ReadOf("users/anna", {name}));
    clock_.Advance(1s);
  }
  Store(std::move(reads));
  v1::SearchReadsRequest request;
  request.set_page_size(1);
  const auto first = Find(request);
  ASSERT_THAT(first, IsOk());
  ASSERT_THAT(first->entries(), SizeIs(1));
  request.set_page_token(first->next_page_token());

  clock_.Advance(24h);

  EXPECT_THAT(FindAll(request), ElementsAre("users/anna people/p2", "users/anna people/p3"));
}

TEST_F(ReadsTest, CallerRecordAndPeriodNarrowTheSearch) {
  Store({ReadOf("users/anna", {"people/p1", "people/p2"}), ReadOf("users/ben", {"people/p2"})});
  const Instant between = clock_.Now() + 1min;
  clock_.Advance(2min);
  Store({ReadOf("users/anna", {"people/p2"})});
  v1::SearchReadsRequest request;

  request.set_caller("users/anna");
  EXPECT_THAT(FindAll(request),
              ElementsAre("users/anna people/p1 people/p2", "users/anna people/p2"));
  request.set_record("people/p1");
  EXPECT_THAT(FindAll(request), ElementsAre("users/anna people/p1"));
  request.Clear();
  *request.mutable_start_time() = ToTimestamp(between);
  EXPECT_THAT(FindAll(request), ElementsAre("users/anna people/p2"));
  request.Clear();
  *request.mutable_end_time() = ToTimestamp(between);
  request.set_record("people/p2");
  EXPECT_THAT(FindAll(request), ElementsAre("users/anna people/p2", "users/ben people/p2"));
}

TEST_F(ReadsTest, NoTenantFindsAnothersReads) {
  Store({ReadOf("users/anna", {"people/p1"}, 1, 1), ReadOf("users/anna", {"people/p2"}, 1, 2)});

  EXPECT_THAT(FindAll({}, 1), ElementsAre("users/anna people/p1"));
  EXPECT_THAT(FindAll({}, 2), ElementsAre("users/anna people/p2"));
  EXPECT_THAT(FindAll({}, 3), IsEmpty());
}

TEST_F(ReadsTest, PagesGoOnWithinAndBeyondWhatIsStoredTogether) {
  std::vector<std::string> expected;
  for (int page = 0; page < 40; ++page) {
    std::vector<Read> reads;
    for (int i = 0; i < 5; ++i) {
      const std::string name = fmt::format("people/p{}", page * 5 + i);
      reads.push_back(ReadOf("users/anna", {name}));
      expected.push_back("users/anna " + name);
      clock_.Advance(1ms);
    }
    Store(std::move(reads));
  }
  v1::SearchReadsRequest request;
  for (const int size : {1, 3, 7, 1000}) {
    request.set_page_size(size);
    EXPECT_EQ(FindAll(request), expected) << size;
  }
}

TEST_F(ReadsTest, ReadsFarApartAreNotStoredTogether) {
  std::vector<Read> reads{ReadOf("users/anna", {"people/p1"})};
  clock_.Advance(11s);
  reads.push_back(ReadOf("users/anna", {"people/p2"}));

  const auto pages = PagesOf(reads, ids_);

  ASSERT_THAT(pages, SizeIs(2));
  for (const StoredPage& page : pages) EXPECT_LE(page.last - page.first, kPageSpan);
}

TEST_F(ReadsTest, APageThatIsStoredTwiceIsThereOnce) {
  const std::vector<Read> reads{ReadOf("users/anna", {"people/p1"})};
  const auto pages = PagesOf(reads, ids_);

  EXPECT_THAT(reads_.Append(pages, AMinute()), IsOk());
  EXPECT_THAT(reads_.Append(pages, AMinute()), IsOk());

  EXPECT_THAT(FindAll({}), ElementsAre("users/anna people/p1"));
}

TEST_F(ReadsTest, WhatCannotBeAskedIsRefused) {
  v1::SearchReadsRequest request;
  *request.mutable_start_time() = ToTimestamp(clock_.Now());
  *request.mutable_end_time() = ToTimestamp(clock_.Now() - 1s);
  EXPECT_THAT(Find(request), StatusIs(absl::StatusCode::kInvalidArgument, "PERIOD"));
  request.Clear();
  request.set_page_size(-1);
  EXPECT_THAT(Find(request), StatusIs(absl::StatusCode::kInvalidArgument, "OUT_OF_RANGE"));
  request.Clear();
  request.set_record(std::string("people/\0", 8));
  EXPECT_THAT(Find(request), StatusIs(absl::StatusCode::kInvalidArgument, "NUL_CHARACTER"));
  request.Clear();
  request.set_page_token("x");
  EXPECT_THAT(Find(request), StatusIs(absl::StatusCode::kInvalidArgument, "PAGE_TOKEN_INVALID"));
}

TEST_F(ReadsTest, ATokenIsOfOneSearch) {
  Store({ReadOf("users/anna", {"people/p1"}), ReadOf("users/ben", {"people/p2"})});
  v1::SearchReadsRequest request;
  request.set_page_size(1);
  const auto page = Find(request);
  ASSERT_THAT(page, IsOk());
  request.set_page_token(page->next_page_token());
  request.set_caller("users/ben");

  EXPECT_THAT(Find(request), StatusIs(absl::StatusCode::kInvalidArgument, "PAGE_TOKEN_MISMATCH"));
  request.clear_caller();
  EXPECT_THAT(Find(request, 2), StatusIs(absl::StatusCode::kInvalidArgument, "PAGE_TOKEN_INVALID"));
}

TEST_F(ReadsTest, OldDaysAreDropped) {
  observe::Metrics metrics("accounts");
  observe::Log log({.service = "accounts", .level = observe::Level::kError}, metrics);
  events::PgJournal journal(database_, clock_);
  Store({ReadOf("users/anna", {"people/p1"})});
  clock_.Advance(std::chrono::days(5));
  v1::SearchReadsRequest request;
  *request.mutable_start_time() = ToTimestamp(clock_.Now() - std::chrono::days(30));
  EXPECT_THAT(FindAll(request), SizeIs(1));

  events::UpkeepStep({.holder = ids_.Next(), .others = {{kReadTable, std::chrono::days(3)}}},
                     database_, journal, clock_, metrics, log)
      .Run();

  EXPECT_THAT(FindAll(request), IsEmpty());
}

}  // namespace
}  // namespace lotura::audit
