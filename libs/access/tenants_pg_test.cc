// Which tenants are served.
#include "libs/access/tenants.h"

#include "libs/access/policies_fixture.h"

namespace lotura::access {
namespace {

// Tenants are records of the operator's, who is the first tenant here.
class TenantsTest : public PoliciesFixture {
 protected:
  static directory::v1::Tenant Record(std::uint8_t number) {
    directory::v1::Tenant record;
    record.set_name(RecordOfTenant(TenantOf(number)));
    record.set_state(directory::v1::Tenant::STATE_ACTIVE);
    return record;
  }

  std::string ReasonFor(std::uint8_t number) {
    EXPECT_THAT(operated_.Refresh(Soon()), IsOk());
    const absl::Status status = operated_.CheckTenant(TenantOf(number));
    return status.ok() ? "" : ReasonOf(status);
  }

  observe::Metrics own_metrics_{"sales"};
  Policies operated_{database_, clock_, own_metrics_, TenantOf(1)};
};

TEST_F(TenantsTest, AreServedAsTheOperatorsRecordsSay) {
  EXPECT_THAT(operated_.CheckTenant(TenantOf(2)),
              StatusIs(absl::StatusCode::kUnavailable, "POLICY_UNAVAILABLE"));
  EXPECT_EQ(ReasonFor(1), "");
  EXPECT_EQ(ReasonFor(2), "TENANT_UNKNOWN");

  directory::v1::Tenant record = Record(2);
  Project({EventOf(record, 1)});
  EXPECT_EQ(ReasonFor(2), "");
  record.set_suspended(true);
  Project({EventOf(record, 2)});
  EXPECT_EQ(ReasonFor(2), "TENANT_SUSPENDED");
  record.mutable_delete_time()->set_seconds(1);
  Project({EventOf(record, 3)});
  EXPECT_EQ(ReasonFor(2), "TENANT_DELETED");
  EXPECT_FALSE(operated_.known_tenants().IsGone(TenantOf(2)));
  record.set_state(directory::v1::Tenant::STATE_PURGING);
  Project({EventOf(record, 4)});
  EXPECT_EQ(ReasonFor(2), "TENANT_DELETED");
  EXPECT_EQ(operated_.known_tenants().Gone(), std::vector{TenantOf(2)});
}

TEST_F(TenantsTest, NobodyButTheOperatorSaysWhichAreServed) {
  Project({EventOf(Record(3), 1, 2), EventOf(Record(1), 1, 2)});
  directory::v1::Tenant own = Record(1);
  own.set_suspended(true);
  Project({EventOf(own, 1)});

  EXPECT_EQ(ReasonFor(3), "TENANT_UNKNOWN");
  EXPECT_EQ(ReasonFor(1), "");
  EXPECT_THAT(operated_.known_tenants().CheckOperator(TenantOf(1)), IsOk());
  EXPECT_THAT(operated_.known_tenants().CheckOperator(TenantOf(2)),
              StatusIs(absl::StatusCode::kPermissionDenied, "OPERATOR_ONLY"));
}

TEST_F(TenantsTest, WithoutAnOperatorAllAreServed) {
  directory::v1::Tenant record = Record(2);
  record.set_suspended(true);
  Project({EventOf(record, 1)});

  EXPECT_THAT(policies_.CheckTenant(TenantOf(2)), IsOk());
  ASSERT_THAT(policies_.Refresh(Soon()), IsOk());
  EXPECT_THAT(policies_.CheckTenant(TenantOf(2)), IsOk());
  EXPECT_THAT(policies_.known_tenants().CheckOperator(TenantOf(2)),
              StatusIs(absl::StatusCode::kPermissionDenied, "OPERATOR_ONLY"));
}

TEST_F(TenantsTest, OfOneThatIsGoneNothingIsKeptInMind) {
  Project({EventOf(Record(2), 1), EventOf(Assignment(), 1, 2), EventOf(Anna(), 1, 2),
           EventOf(Seller("sales.prices.read"), 1, 2)});
  ASSERT_EQ(ReasonFor(2), "");
  ASSERT_THAT(operated_.Find(TenantOf(2), "users/anna").status(), IsOk());
  directory::v1::Tenant record = Record(2);
  record.set_state(directory::v1::Tenant::STATE_PURGING);

  Project({EventOf(record, 2)});
  ASSERT_EQ(ReasonFor(2), "TENANT_DELETED");
  // Late, from another partition of the topic.
  Project({EventOf(Anna(), 2, 2)});
  ASSERT_THAT(operated_.Refresh(Soon()), IsOk());

  EXPECT_THAT(operated_.Find(TenantOf(2), "users/anna"),
              StatusIs(absl::StatusCode::kPermissionDenied, "USER_UNKNOWN"));
}

}  // namespace
}  // namespace lotura::access
