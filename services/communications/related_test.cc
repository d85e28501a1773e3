#include "services/communications/related.h"

#include <gmock/gmock.h>

#include "lotura/accounts/v1/affiliation.pb.h"
#include "lotura/accounts/v1/person.pb.h"
#include "lotura/sales/v1/opportunity.pb.h"
#include "lotura/sales/v1/stage.pb.h"

namespace lotura::communications {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

events::Event Of(const char* source, const char* subject) {
  events::Event event;
  event.source = source;
  event.subject = subject;
  return event;
}

TEST(RelatedTest, OpportunityConcernsItsOrganization) {
  sales::v1::Opportunity deal;
  EXPECT_THAT(RelatedTo(Of("//sales.lotura", "opportunities/o1"), deal), IsEmpty());

  deal.set_organization("//accounts.lotura/organizations/acme");

  EXPECT_THAT(RelatedTo(Of("//sales.lotura", "opportunities/o1"), deal),
              ElementsAre("//accounts.lotura/organizations/acme"));
}

TEST(RelatedTest, AffiliationConcernsPersonAndOrganization) {
  accounts::v1::Affiliation affiliation;
  affiliation.set_person("people/p1");
  affiliation.set_organization("organizations/acme");

  EXPECT_THAT(RelatedTo(Of("//accounts.lotura", "affiliations/a1"), affiliation),
              ElementsAre("//accounts.lotura/organizations/acme", "//accounts.lotura/people/p1"));
}

TEST(RelatedTest, ChildConcernsItsParentAndATopLevelRecordNobody) {
  EXPECT_THAT(RelatedTo(Of("//sales.lotura", "pipelines/p/stages/s"), sales::v1::Stage()),
              ElementsAre("//sales.lotura/pipelines/p"));
  EXPECT_THAT(RelatedTo(Of("//accounts.lotura", "people/p1"), accounts::v1::Person()), IsEmpty());
}

TEST(RelatedTest, FieldsThatRelateAreThoseOfTheirTypes) {
  EXPECT_THAT(RelatingFields(*sales::v1::Opportunity::descriptor()), ElementsAre("organization"));
  EXPECT_THAT(RelatingFields(*accounts::v1::Affiliation::descriptor()),
              ElementsAre("person", "organization"));
  EXPECT_THAT(RelatingFields(*accounts::v1::Person::descriptor()), IsEmpty());
}

}  // namespace
}  // namespace lotura::communications
