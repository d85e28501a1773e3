// Who changed what, found among what is sealed.
#include <gmock/gmock.h>

#include "libs/audit/seal_fixture.h"
#include "libs/audit/search.h"
#include "libs/base/calendar.h"
#include "libs/testing/fakes.h"

namespace lotura::audit {
namespace {

using ::lotura::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace)

class ChangesTest : public SealFixture {
 protected:
  void Change(const std::string& actor, const std::string& name, std::uint8_t tenant = 1) {
    EXPECT_THAT(database_.Write(AMinute(),
                                [&](pg::Tx& tx) {
                                  auto entry = EntryOf(ids_, name, 1);
                                  entry.tenant = TenantOf(tenant);
                                  entry.actor = actor;
                                  entry.after_personal = "secret";
                                  testing::InsertEntry(tx, entry, clock_.Now());
                                  return absl::OkStatus();
                                }),
                IsOk());
  }

  absl::StatusOr<v1::SearchChangesResponse> Find(const v1::SearchChangesRequest& request,
                                                 std::uint8_t tenant = 1) {
    Call call{.deadline = AMinute()};
    call.principal.tenant = TenantOf(tenant);
    call.principal.name = "users/auditor";
    call.method = "lotura.audit.v1.AuditService/SearchChanges";
    call.now = clock_.Now() + 1s;
    LOTURA_ASSIGN_OR_RETURN(const Search search, SearchOf(call, request, tokens_));
    return SearchChanges(call, search, seals_, tokens_);
  }
  // "users/anna opportunities/o1" of all pages.
  std::vector<std::string> FindAll(v1::SearchChangesRequest request, std::uint8_t tenant = 1) {
    std::vector<std::string> found;
    for (;;) {
      const auto page = Find(request, tenant);
      EXPECT_THAT(page, IsOk());
      if (!page.ok()) return found;
      for (const v1::Entry& entry : page->entries())
        found.push_back(entry.actor() + " " + entry.name());
      if (page->next_page_token().empty()) return found;
      request.set_page_token(page->next_page_token());
    }
  }

  const resource::PageTokens tokens_ =
      *resource::PageTokens::FromText("k1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
};

TEST_F(ChangesTest, ActorAndRecordNarrowTheSearch) {
  Change("users/anna", "opportunities/o1");
  Change("users/ben", "opportunities/o1");
  Change("users/anna", "opportunities/o2");
  Change("users/anna", "opportunities/o1", 2);
  SealAll();
  v1::SearchChangesRequest request;

  EXPECT_THAT(FindAll(request), SizeIs(3));
  request.set_actor("users/anna");
  EXPECT_THAT(FindAll(request),
              ElementsAre("users/anna opportunities/o1", "users/anna opportunities/o2"));
  request.set_record("opportunities/o1");
  EXPECT_THAT(FindAll(request), ElementsAre("users/anna opportunities/o1"));
  EXPECT_THAT(FindAll(request, 3), IsEmpty());
}

TEST_F(ChangesTest, NothingIsShownOfTheStates) {
  Change("users/anna", "opportunities/o1");
  SealAll();

  const auto found = Find({});

  ASSERT_THAT(found, IsOk());
  ASSERT_THAT(found->entries(), SizeIs(1));
  EXPECT_FALSE(found->entries(0).has_after_personal());
  EXPECT_FALSE(found->entries(0).has_after_plain());
  EXPECT_EQ(found->SerializeAsString().find("secret"), std::string::npos);
}

TEST_F(ChangesTest, ThePeriodIsThatOfTheChange) {
  Change("users/anna", "opportunities/o1");
  SealAll();
  const Instant between = SystemClock().Now();
  Change("users/anna", "opportunities/o2");
  SealAll();
  v1::SearchChangesRequest request;

  *request.mutable_start_time() = ToTimestamp(between);
  EXPECT_THAT(FindAll(request), ElementsAre("users/anna opportunities/o2"));
  *request.mutable_end_time() = ToTimestamp(between);
  *request.mutable_start_time() = ToTimestamp(between - 1h);
  EXPECT_THAT(FindAll(request), ElementsAre("users/anna opportunities/o1"));
}

TEST_F(ChangesTest, ASealerWhoseClockIsBehindHidesNoChange) {
  testing::FakeClock behind;
  behind.Advance(clock_.Now() - 30s - behind.Now());
  Change("users/anna", "opportunities/o1");
  SealStep step({.service = "sales", .holder = ids_.Next()}, key_,
                {journal_, heard_, seals_, behind}, metrics_, log_);
  SealAll(step);
  step.Stop();
  v1::SearchChangesRequest request;

  *request.mutable_start_time() = ToTimestamp(clock_.Now() - 10s);

  EXPECT_THAT(FindAll(request), ElementsAre("users/anna opportunities/o1"));
}

TEST_F(ChangesTest, PagesGoOnWithinAndBeyondASeal) {
  std::vector<std::string> expected;
  for (int i = 0; i < 30; ++i) {
    Change("users/anna", fmt::format("opportunities/o{}", i));
    expected.push_back(fmt::format("users/anna opportunities/o{}", i));
    if (i % 7 == 0) SealAll();
  }
  SealAll();
  v1::SearchChangesRequest request;
  for (const int size : {1, 4, 1000}) {
    request.set_page_size(size);
    EXPECT_EQ(FindAll(request), expected) << size;
  }
}

TEST_F(ChangesTest, WhatCannotBeAskedIsRefused) {
  v1::SearchChangesRequest request;
  request.set_actor(std::string("users/\0", 7));

  EXPECT_THAT(Find(request), StatusIs(absl::StatusCode::kInvalidArgument, "NUL_CHARACTER"));
}

}  // namespace
}  // namespace lotura::audit
