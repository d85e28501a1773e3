#include "services/directory/domain/administrator.h"

#include <gtest/gtest.h>

namespace lotura::directory::domain {
namespace {

using Kind = Administrator::Kind;

TEST(AdministratorTest, IsNamedAsTokensNameCallers) {
  EXPECT_EQ(FindAdministrator("anna"), (Administrator{Kind::kUser, "anna"}));
  EXPECT_EQ(FindAdministrator("users/anna"), (Administrator{Kind::kUser, "anna"}));
  EXPECT_EQ(FindAdministrator("clients/erp"), (Administrator{Kind::kClient, "erp"}));
  EXPECT_EQ(NameOf({Kind::kUser, "anna"}), "users/anna");
  EXPECT_EQ(NameOf({Kind::kClient, "erp"}), "clients/erp");
}

TEST(AdministratorTest, IsNobodyElse) {
  for (const char* text : {"", "Anna", "users/", "teams/north", "users/anna/", "users/clients/erp",
                           "//directory.lotura/users/anna", "0anna", "anna-"})
    EXPECT_FALSE(FindAdministrator(text).has_value()) << text;
}

}  // namespace
}  // namespace lotura::directory::domain
