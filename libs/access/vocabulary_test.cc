#include "libs/access/vocabulary.h"

#include <gtest/gtest.h>

namespace lotura::access {
namespace {

std::string TypeOf(std::string_view full_name) {
  const resource::Declaration* type = Vocabulary::Linked().FindTypeOfName(full_name);
  return type == nullptr ? "" : type->type();
}

TEST(VocabularyTest, TypeIsFoundByTheNameOfARecord) {
  EXPECT_EQ(TypeOf("//sales.lotura/opportunities/o1"), "sales.lotura/Opportunity");
  EXPECT_EQ(TypeOf("//sales.lotura/pipelines/p/stages/s"), "sales.lotura/Stage");
  EXPECT_EQ(TypeOf("//accounts.lotura/people/p1"), "accounts.lotura/Person");
}

TEST(VocabularyTest, NameThatNoRecordCanHaveHasNoType) {
  for (const char* name : {"", "//", "//sales.lotura", "//sales.lotura/", "opportunities/o1",
                           "//sales.lotura/people/p1", "//sales/opportunities/o1",
                           "//nobody.lotura/opportunities/o1", "//sales.lotura/opportunities/O1"})
    EXPECT_EQ(TypeOf(name), "") << name;
}

TEST(VocabularyTest, TypeThatNobodyIsShownHasNone) {
  EXPECT_EQ(TypeOf("//directory.lotura/clients/erp/apiKeys/a/apiKeySecrets/s"), "");
  EXPECT_EQ(Vocabulary::Linked().FindType("directory.lotura/ApiKeySecret"), nullptr);
}

TEST(VocabularyTest, ReadingTakesThePermissionOfGet) {
  const auto permission_of = [](std::string_view type) {
    return ReadPermissionOf(*Vocabulary::Linked().FindType(type));
  };
  EXPECT_EQ(permission_of("sales.lotura/Stage"), "sales.stages.read");
  EXPECT_EQ(permission_of("directory.lotura/ApiKey"), "directory.apiKeys.read");
}

}  // namespace
}  // namespace lotura::access
