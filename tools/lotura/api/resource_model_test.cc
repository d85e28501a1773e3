#include "tools/lotura/api/resource_model.h"

#include <gtest/gtest.h>

#include "libs/testing/status_matchers.h"
#include "lotura/sales/v1/stage.pb.h"

namespace lotura::api {
namespace {

using testing::StatusIs;

class ResourceModelTest : public ::testing::Test {
 protected:
  const ResourceModel model_ = ResourceModel::OfLinkedProtos();
};

TEST_F(ResourceModelTest, EveryRecordTypeHasTheMethodsToReadIt) {
  ASSERT_GE(model_.types().size(), 12u);
  for (const ResourceType& type : model_.types()) {
    EXPECT_TRUE(type.Method(Verb::kGet).ok()) << type.type;
    EXPECT_TRUE(type.Method(Verb::kList).ok()) << type.type;
    // Many that are made at once are asked for at once, too.
    if (type.Method(Verb::kBatchCreate).ok()) {
      EXPECT_TRUE(type.Method(Verb::kBatchGet).ok()) << type.type;
    }
  }
}

TEST_F(ResourceModelTest, FindsATopLevelRecordByItsName) {
  ASSERT_OK_AND_ASSIGN(const RecordName found, model_.Find("people/anna"));

  EXPECT_EQ(found.type->type, "accounts.lotura/Person");
  EXPECT_EQ(found.type->service, "accounts");
  EXPECT_EQ(found.name, "people/anna");
}

TEST_F(ResourceModelTest, FindsAChildByItsFullNameWithoutTheHost) {
  ASSERT_OK_AND_ASSIGN(const RecordName found,
                       model_.Find("//sales.lotura/pipelines/p1/stages/s1"));

  EXPECT_EQ(found.type->message, sales::v1::Stage::descriptor());
  EXPECT_EQ(found.name, "pipelines/p1/stages/s1");
}

TEST_F(ResourceModelTest, ANameOfAnotherHostIsRefused) {
  EXPECT_THAT(model_.Find("//accounts.lotura/pipelines/p1/stages/s1"),
              StatusIs(absl::StatusCode::kInvalidArgument, "NAME_UNKNOWN"));
}

TEST_F(ResourceModelTest, AnIncompleteNameIsAnsweredWithTheNearestPatterns) {
  const auto found = model_.Find("pipelines/p1/stages");

  EXPECT_THAT(found, StatusIs(absl::StatusCode::kInvalidArgument, "NAME_UNKNOWN"));
  EXPECT_THAT(Message(found.status()), ::testing::HasSubstr("pipelines/{pipeline}/stages/{stage}"));
}

TEST_F(ResourceModelTest, AnEmptyIdIsNoName) {
  EXPECT_FALSE(model_.Find("people/").ok());
  EXPECT_FALSE(model_.Find("").ok());
  EXPECT_FALSE(model_.Find("//").ok());
}

TEST_F(ResourceModelTest, FindsACollectionWithAndWithoutItsParent) {
  ASSERT_OK_AND_ASSIGN(const CollectionName bare, model_.FindCollection("stages"));
  ASSERT_OK_AND_ASSIGN(const CollectionName below, model_.FindCollection("pipelines/p1/stages"));

  EXPECT_EQ(bare.type, below.type);
  EXPECT_EQ(bare.parent, "");
  EXPECT_EQ(below.parent, "pipelines/p1");
}

TEST_F(ResourceModelTest, AnUnknownCollectionIsAnsweredWithTheKnownOnes) {
  const auto found = model_.FindCollection("companies");

  EXPECT_THAT(found, StatusIs(absl::StatusCode::kInvalidArgument, "COLLECTION_UNKNOWN"));
  EXPECT_THAT(Message(found.status()), ::testing::HasSubstr("organizations"));
}

TEST_F(ResourceModelTest, MethodsFollowThePluralOfTheDeclaration) {
  ASSERT_OK_AND_ASSIGN(const CollectionName people, model_.FindCollection("people"));

  ASSERT_OK_AND_ASSIGN(const pbuf::MethodDescriptor* method,
                       people.type->Method(Verb::kBatchCreate));
  EXPECT_EQ(method->full_name(), "lotura.accounts.v1.PersonService.BatchCreatePeople");
}

TEST_F(ResourceModelTest, AMethodThatTheApiLacksIsNamed) {
  ASSERT_OK_AND_ASSIGN(const CollectionName changes, model_.FindCollection("stageChanges"));

  EXPECT_THAT(changes.type->Method(Verb::kCreate),
              StatusIs(absl::StatusCode::kUnimplemented, "METHOD_UNKNOWN"));
}

}  // namespace
}  // namespace lotura::api
