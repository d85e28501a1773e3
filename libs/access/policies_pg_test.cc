// From the events of directory to what a user may do.
#include "libs/access/policies.h"

#include "libs/access/authority.h"
#include "libs/access/policies_fixture.h"
#include "libs/testing/select.h"

namespace lotura::access {
namespace {

class PoliciesTest : public PoliciesFixture {};

// To a time at which nobody had the role.
constexpr char kRestored[] = R"(
  DELETE FROM policy_record WHERE name LIKE 'roleAssignments/%';
  CREATE OR REPLACE FUNCTION database_origin() RETURNS text LANGUAGE sql STABLE AS $$ SELECT 'elsewhere' $$)";

TEST_F(PoliciesTest, NobodyIsLetInBeforeThePoliciesAreKnown) {
  EXPECT_THAT(policies_.Find(TenantOf(1), "users/anna"),
              StatusIs(absl::StatusCode::kUnavailable, "POLICY_UNAVAILABLE"));
  EXPECT_EQ(PermissionsOf("users/anna"), Texts{"USER_UNKNOWN"});
}

TEST_F(PoliciesTest, EventsMakeAPolicyInAnyOrderAndAsOftenAsTheyCome) {
  Project({EventOf(Assignment(), 1), EventOf(Seller("sales.prices.read"), 2)});
  Project({EventOf(Seller("sales.products.read"), 1), EventOf(Anna(), 1)});
  Project({EventOf(Seller("sales.prices.read"), 2), EventOf(Assignment(), 1)});

  EXPECT_EQ(PermissionsOf("users/anna"), Texts{"sales.prices.read"});
  EXPECT_EQ(PermissionsOf("users/anna", 2), Texts{"USER_UNKNOWN"});
}

TEST_F(PoliciesTest, AChangeCountsWhenItWasSeen) {
  Project({EventOf(Assignment(), 1), EventOf(Seller("sales.prices.read"), 1), EventOf(Anna(), 1)});
  ASSERT_EQ(PermissionsOf("users/anna"), Texts{"sales.prices.read"});

  Project({EventOf(Seller("sales.products.read"), 2)});
  EXPECT_EQ(PermissionsOf("users/anna"), Texts{"sales.products.read"});

  events::Event taken = EventOf(Assignment(), 2);
  taken.change.set_kind(events::v1::KIND_DELETED);
  Project({taken});
  EXPECT_EQ(PermissionsOf("users/anna"), Texts());

  User suspended = Anna();
  suspended.set_suspended(true);
  Project({EventOf(suspended, 2)});
  EXPECT_EQ(PermissionsOf("users/anna"), Texts{"USER_UNKNOWN"});
}

TEST_F(PoliciesTest, WhatARestoredDatabaseLacksCountsNoMore) {
  Project({EventOf(Assignment(), 1), EventOf(Seller("sales.prices.read"), 1), EventOf(Anna(), 1)});
  ASSERT_EQ(PermissionsOf("users/anna"), Texts{"sales.prices.read"});

  ASSERT_THAT(database_.WriteOne(Soon(),
                                 [](pg::Tx& tx) {
                                   tx.RunScript(kRestored);
                                   return absl::OkStatus();
                                 }),
              IsOk());

  EXPECT_EQ(PermissionsOf("users/anna"), Texts());
}

TEST_F(PoliciesTest, WhatWasWrittenBeforeButCommittedLaterIsSeen) {
  Project({EventOf(Assignment(), 1), EventOf(Anna(), 1)});
  const absl::Status slow = database_.Write(Soon(), [&](pg::Tx& tx) {
    LOTURA_RETURN_IF_ERROR(ProjectPolicy(tx, std::vector{EventOf(Seller("sales.prices.read"), 1)}));
    // Another one commits, and is seen, meanwhile.
    Project({EventOf(Anna(), 2)});
    EXPECT_EQ(PermissionsOf("users/anna"), Texts());
    return absl::OkStatus();
  });
  ASSERT_THAT(slow, IsOk());

  EXPECT_EQ(PermissionsOf("users/anna"), Texts{"sales.prices.read"});
}

TEST_F(PoliciesTest, NothingThatBelongsToAPersonIsKept) {
  Project({EventOf(Anna(), 1)});

  const auto kept = database_.Read(Soon(), [](pg::Tx& tx) -> absl::StatusOr<std::string> {
    return testing::Select(tx, "SELECT record FROM policy_record").Bytes(0, 0);
  });

  ASSERT_THAT(kept, IsOk());
  EXPECT_EQ(kept->find("Anna"), std::string::npos);
  EXPECT_EQ(kept->find("example.com"), std::string::npos);
}

TEST_F(PoliciesTest, EventsOfOtherRecordsAreLeftAlone) {
  events::Event other = EventOf(Anna(), 1);
  other.change.set_resource_type("lotura.directory.v1.Calendar");
  Project({other});

  EXPECT_EQ(PermissionsOf("users/anna"), Texts{"USER_UNKNOWN"});
}

TEST_F(PoliciesTest, AnAssignmentThatIsOverCountsNoMore) {
  RoleAssignment assignment = Assignment();
  const auto now =
      std::chrono::floor<std::chrono::seconds>(clock_.Now()).time_since_epoch().count();
  assignment.mutable_expire_time()->set_seconds(now + 60);
  Project({EventOf(assignment, 1), EventOf(Seller("sales.prices.read"), 1), EventOf(Anna(), 1)});
  ASSERT_EQ(PermissionsOf("users/anna"), Texts{"sales.prices.read"});

  clock_.Advance(std::chrono::seconds(61));

  EXPECT_EQ(PermissionsOf("users/anna"), Texts());
}

// Sales and accounts have heard of different versions of the role.
TEST_F(PoliciesTest, AuthorityAsksTheServiceThatIsCalled) {
  pg::Database elsewhere({.conninfo = NewDatabase(), .schema = "sales", .pool_size = 2});
  Policies accounts(elsewhere, clock_, metrics_.ForService("accounts"));
  Project({EventOf(Assignment(), 1), EventOf(Seller("sales.prices.read"), 1), EventOf(Anna(), 1)});
  ProjectInto(elsewhere, {EventOf(Assignment(), 1), EventOf(Seller("accounts.people.read"), 2),
                          EventOf(Anna(), 1)});
  ASSERT_THAT(policies_.Refresh(Soon()), IsOk());
  ASSERT_THAT(accounts.Refresh(Soon()), IsOk());
  Principal anna{.tenant = TenantOf(1), .name = "users/anna", .grounds = Grounds::kDirectory};
  Authority authority;
  EXPECT_THAT(authority.Authorize("lotura.sales", anna),
              StatusIs(absl::StatusCode::kUnavailable, "POLICY_UNAVAILABLE"));

  authority.Add("sales", policies_);
  authority.Add("accounts", accounts);

  // What is no service's is asked of the first.
  const std::vector<std::pair<const char*, std::string>> expected = {
      {"lotura.sales", "sales.prices.read"},
      {"lotura.accounts", "accounts.people.read"},
      {"lotura.events", "sales.prices.read"}};
  for (const auto& [domain, permission] : expected) {
    ASSERT_THAT(authority.Authorize(domain, anna), IsOk());
    EXPECT_EQ(anna.permissions, Texts{permission}) << domain;
    ASSERT_NE(anna.rights, nullptr);
    EXPECT_THAT(anna.rights->CheckPermission(permission), IsOk()) << domain;
  }
  Principal ben{.tenant = TenantOf(1), .name = "users/ben", .grounds = Grounds::kDirectory};
  EXPECT_THAT(authority.Authorize("lotura.sales", ben),
              StatusIs(absl::StatusCode::kPermissionDenied, "USER_UNKNOWN"));
}

}  // namespace
}  // namespace lotura::access
