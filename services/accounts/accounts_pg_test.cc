// Rules of organizations, people and affiliations, as a write meets them.
#include "libs/testing/service_bench.h"
#include "lotura/accounts/v1/affiliation.pb.h"
#include "lotura/accounts/v1/organization.pb.h"
#include "lotura/accounts/v1/person.pb.h"
#include "services/accounts/app.h"
#include "services/accounts/domain/reasons.h"

namespace lotura::accounts {
namespace {

using absl::StatusCode;
using testing::HasViolation;
using testing::IsOk;
using testing::StatusIs;

google::type::Date Date(int year, int month, int day) {
  google::type::Date date;
  date.set_year(year);
  date.set_month(month);
  date.set_day(day);
  return date;
}

v1::Organization NewOrganization(const char* display_name, const char* parent = "") {
  v1::Organization organization;
  organization.set_display_name(display_name);
  organization.set_parent_organization(parent);
  return organization;
}

class AccountsTest : public ::testing::Test {
 protected:
  testing::ServiceBench bench_{Spec()};
};

TEST_F(AccountsTest, PhonesAreStoredInTheirInternationalForm) {
  v1::Organization organization = NewOrganization("Acme");
  organization.add_phones()->set_number("+49 (30) 901 820");

  const auto created = bench_.Create(organization, "", "acme");

  ASSERT_THAT(created, IsOk());
  EXPECT_EQ(created->phones(0).number(), "+4930901820");
  EXPECT_EQ(bench_.Get<v1::Organization>("organizations/acme")->phones(0).number(), "+4930901820");
}

TEST_F(AccountsTest, EveryWrongFieldOfAnOrganizationIsNamed) {
  v1::Organization organization = NewOrganization("Acme");
  organization.set_country_code("usa");
  organization.set_domain("not a domain");
  organization.add_phones()->set_number("12");
  organization.mutable_phones(0)->set_extension("x");
  organization.add_emails("nobody");
  organization.add_tags("a");
  organization.add_tags("a");
  organization.add_tags(" ");

  const auto created = bench_.Create(organization);

  EXPECT_THAT(created, HasViolation("country_code", "TOO_LONG"));
  EXPECT_THAT(created, HasViolation("country_code", reasons::kFormatInvalid));
  EXPECT_THAT(created, HasViolation("domain", reasons::kFormatInvalid));
  EXPECT_THAT(created, HasViolation("phones[0].number", reasons::kFormatInvalid));
  EXPECT_THAT(created, HasViolation("phones[0].extension", reasons::kFormatInvalid));
  EXPECT_THAT(created, HasViolation("emails[0]", reasons::kFormatInvalid));
  EXPECT_THAT(created, HasViolation("tags[1]", reasons::kDuplicate));
  EXPECT_THAT(created, HasViolation("tags[2]", reasons::kRequired));
}

TEST_F(AccountsTest, EveryWrongFieldOfAnAddressIsNamed) {
  v1::Organization organization = NewOrganization("Acme");
  organization.add_addresses()->set_region_code("DE");
  auto& wrong = *organization.add_addresses();
  wrong.set_region_code("Germany");
  wrong.set_revision(1);
  for (int i = 0; i <= 20; ++i) {
    wrong.add_address_lines("x");
    wrong.add_recipients("x");
  }
  v1::Person person;
  person.set_display_name("Anna");
  person.add_addresses();

  const auto created = bench_.Create(organization);

  EXPECT_EQ(ViolationsOf(created.status()).size(), 4);
  EXPECT_THAT(created, HasViolation("addresses[1].region_code", reasons::kFormatInvalid));
  EXPECT_THAT(created, HasViolation("addresses[1].revision", reasons::kOutOfRange));
  EXPECT_THAT(created, HasViolation("addresses[1].address_lines", reasons::kTooMany));
  EXPECT_THAT(created, HasViolation("addresses[1].recipients", reasons::kTooMany));
  EXPECT_THAT(bench_.Create(person), HasViolation("addresses[0].region_code", reasons::kRequired));
}

TEST_F(AccountsTest, TwoOrganizationsCannotHaveOneDomain) {
  v1::Organization organization = NewOrganization("Acme");
  organization.set_domain("Acme.example");
  ASSERT_THAT(bench_.Create(organization, "", "acme"), IsOk());
  organization.set_domain("www.acme.example");

  EXPECT_THAT(bench_.Create(organization, "", "other"),
              StatusIs(StatusCode::kAlreadyExists, "MATCH_KEY_TAKEN"));
}

TEST_F(AccountsTest, OrganizationCannotBeASubsidiaryOfItsOwn) {
  ASSERT_THAT(bench_.Create(NewOrganization("Top"), "", "top"), IsOk());
  ASSERT_THAT(bench_.Create(NewOrganization("Middle", "organizations/top"), "", "middle"), IsOk());
  const auto bottom =
      bench_.Create(NewOrganization("Bottom", "organizations/middle"), "", "bottom");
  ASSERT_THAT(bottom, IsOk());
  v1::Organization top = *bench_.Get<v1::Organization>("organizations/top");

  for (const char* parent : {"organizations/bottom", "organizations/top"}) {
    top.set_parent_organization(parent);
    EXPECT_THAT(bench_.Save(top), HasViolation("parent_organization", reasons::kOwnSubsidiary))
        << parent;
  }
  EXPECT_THAT(bench_.Create(NewOrganization("Own", "organizations/own"), "", "own"),
              HasViolation("parent_organization", reasons::kOwnSubsidiary));
  top.set_parent_organization("organizations/none");
  EXPECT_THAT(bench_.Save(top), StatusIs(StatusCode::kFailedPrecondition, "REFERENCE_NOT_FOUND"));
}

TEST_F(AccountsTest, DisplayNameOfAPersonFollowsTheNamesItWasMadeOf) {
  v1::Person person;
  person.set_given_name("Anna");
  person.set_family_name("Snelling");
  v1::Person created = *bench_.Create(person, "", "anna");
  EXPECT_EQ(created.display_name(), "Anna Snelling");

  created.set_family_name("Marxen");
  created = *bench_.Save(created);
  EXPECT_EQ(created.display_name(), "Anna Marxen");

  created.set_display_name("Dr. A. Marxen");
  created = *bench_.Save(created);
  created.set_given_name("Ann");
  EXPECT_EQ(bench_.Save(created)->display_name(), "Dr. A. Marxen");
}

TEST_F(AccountsTest, PersonNeedsANameAndAPastBirth) {
  v1::Person nameless;
  nameless.set_language_code("german!");
  v1::Person unborn;
  unborn.set_display_name("Anna");
  *unborn.mutable_birth_date() = Date(2026, 2, 1);

  EXPECT_THAT(bench_.Create(nameless), HasViolation("display_name", reasons::kRequired));
  EXPECT_THAT(bench_.Create(nameless), HasViolation("language_code", reasons::kFormatInvalid));
  EXPECT_THAT(bench_.Create(unborn), HasViolation("birth_date", reasons::kOutOfRange));
}

TEST_F(AccountsTest, AffiliationEndsAfterItBegins) {
  v1::Person person;
  person.set_display_name("Anna");
  ASSERT_THAT(bench_.Create(person, "", "anna"), IsOk());
  ASSERT_THAT(bench_.Create(NewOrganization("Acme"), "", "acme"), IsOk());
  v1::Affiliation affiliation;
  affiliation.set_person("people/anna");
  affiliation.set_organization("organizations/acme");
  *affiliation.mutable_start_date() = Date(2020, 5, 1);
  *affiliation.mutable_end_date() = Date(2020, 4, 30);
  EXPECT_THAT(bench_.Create(affiliation), HasViolation("end_date", reasons::kEndBeforeStart));

  affiliation.mutable_end_date()->set_month(6);
  EXPECT_THAT(bench_.Create(affiliation), IsOk());
}

}  // namespace
}  // namespace lotura::accounts
