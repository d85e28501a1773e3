// That no path of the engine shows or changes what the caller may not, on a real server.
#include <gmock/gmock.h>

#include "libs/resource/testdata/engine_bench.h"
#include "libs/resource/testdata/fixed_rights.h"
#include "libs/resource/testdata/import_client.h"
#include "libs/testing/status_matchers.h"

namespace lotura::resource {
namespace {

using namespace testdata;  // NOLINT(google-build-using-namespace): the bench that this file is
                           // about
using ::lotura::testing::HasViolation;
using ::lotura::testing::IsOk;
using ::lotura::testing::StatusIs;
using ::testing::ElementsAre;
using Code = absl::StatusCode;

constexpr char kAnna[] = "//directory.lotura/users/anna";
constexpr char kBen[] = "//directory.lotura/users/ben";
constexpr char kOwnFilter[] = R"(owner = "//directory.lotura/users/anna")";
constexpr char kRequestId[] = "8b1a9953-c461-4b6a-a1a6-0b4a1c0f0001";

// Anna may change what she owns and read what has a score of at least 50.
const std::vector<Given> kSeller = {{Access::kUpdate, kOwnFilter}, {Access::kRead, "score >= 50"}};
// What she sees of all records is a part.
const std::vector<Given> kPartly = {{Access::kUpdate,
                                     "",
                                     {{"display_name", FieldAccess::kWrite},
                                      {"email", FieldAccess::kMasked},
                                      {"score", FieldAccess::kRead},
                                      {"owner", FieldAccess::kRead}}}};

class RightsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    engine_.foreign().known = {kAnna, kBen};
    Put("own", kAnna, 1);
    Put("popular", kBen, 50);
    Put("hidden", kBen, 2);
  }

  void Put(const std::string& id, const std::string& owner, std::int64_t score) {
    auto request = NewWidget(id);
    request.mutable_widget()->set_owner(owner);
    request.mutable_widget()->set_score(score);
    request.mutable_widget()->set_email(id + "@example.com");
    request.mutable_widget()->mutable_amount()->set_units(score);
    request.mutable_widget()->mutable_amount()->set_currency_code("EUR");
    ASSERT_THAT(engine_.Create(request), IsOk());
  }

  template <typename Response, typename Request>
  absl::StatusOr<Response> As(const std::vector<Given>& rights, const std::string& method,
                              const Request& request) {
    Call call = CallAs(1);
    call.principal.rights = std::make_shared<FixedRights>(rights);
    return engine_.Do<Response>(call, method, request);
  }

  absl::StatusOr<v1::Widget> Get(const std::vector<Given>& rights, const std::string& name) {
    v1::GetWidgetRequest request;
    request.set_name(name);
    return As<v1::Widget>(rights, "GetWidget", request);
  }

  absl::StatusOr<v1::Widget> Update(const std::vector<Given>& rights,
                                    const v1::UpdateWidgetRequest& request) {
    return As<v1::Widget>(rights, "UpdateWidget", request);
  }

  absl::StatusOr<v1::ListWidgetsResponse> List(const std::vector<Given>& rights,
                                               const std::string& filter = "",
                                               const std::string& order_by = "") {
    v1::ListWidgetsRequest request;
    request.set_filter(filter);
    request.set_order_by(order_by);
    return As<v1::ListWidgetsResponse>(rights, "ListWidgets", request);
  }

  static std::vector<std::string> NamesOf(const absl::StatusOr<v1::ListWidgetsResponse>& list) {
    std::vector<std::string> names;
    EXPECT_THAT(list, IsOk());
    if (!list.ok()) return names;
    for (const v1::Widget& widget : list->widgets()) names.push_back(widget.name());
    return names;
  }

  EngineBench engine_;
};

TEST_F(RightsTest, ARecordThatMayNotBeReadIsAsOneThatIsNotThere) {
  const auto hidden = Get(kSeller, "widgets/hidden").status();
  const auto absent = Get(kSeller, "widgets/absent").status();

  EXPECT_EQ(hidden.code(), Code::kNotFound);
  EXPECT_EQ(absent.code(), Code::kNotFound);
  std::string text = Message(hidden);
  text.replace(text.find("hidden"), 6, "absent");
  EXPECT_EQ(text, Message(absent));
  EXPECT_EQ(ReasonOf(hidden), ReasonOf(absent));
  EXPECT_THAT(Get(kSeller, "widgets/own"), IsOk());
  EXPECT_THAT(Get(kSeller, "widgets/popular"), IsOk());
}

TEST_F(RightsTest, ABatchIsReadIfAllOfItMayBe) {
  v1::BatchGetWidgetsRequest request;
  request.add_names("widgets/own");
  EXPECT_THAT(As<v1::BatchGetWidgetsResponse>(kSeller, "BatchGetWidgets", request), IsOk());

  request.add_names("widgets/hidden");
  EXPECT_THAT(As<v1::BatchGetWidgetsResponse>(kSeller, "BatchGetWidgets", request),
              StatusIs(Code::kNotFound, "NOT_FOUND"));
}

TEST_F(RightsTest, AListHasWhatMayBeRead) {
  EXPECT_THAT(NamesOf(List(kSeller, "", "display_name")),
              ElementsAre("widgets/own", "widgets/popular"));
  EXPECT_THAT(NamesOf(List(kSeller, "score > 1")), ElementsAre("widgets/popular"));
  EXPECT_THAT(NamesOf(List({}, "")), ElementsAre());
}

TEST_F(RightsTest, PagesAcrossOwnersGoOnWhereTheyEnded) {
  for (int i = 0; i < 20; ++i)
    Put(fmt::format("w{}", i), std::array{kAnna, kBen, ""}[static_cast<std::size_t>(i) % 3], i % 7);
  for (
      const char* condition :
      {R"(owner = ("//directory.lotura/users/anna" OR "//directory.lotura/users/ben"))",
       R"(owner = ("//directory.lotura/users/anna" OR "//directory.lotura/users/ben") AND score > 2)"}) {
    for (const char* order : {"amount desc", "name"}) {
      std::vector<std::string> paged;
      v1::ListWidgetsRequest request;
      request.set_order_by(order);
      request.set_page_size(4);
      do {
        const auto page =
            As<v1::ListWidgetsResponse>({{Access::kRead, condition}}, "ListWidgets", request);
        ASSERT_THAT(page, IsOk());
        for (const v1::Widget& widget : page->widgets()) paged.push_back(widget.name());
        request.set_page_token(page->next_page_token());
      } while (!request.page_token().empty());

      EXPECT_EQ(paged, NamesOf(List({{Access::kDelete, ""}}, condition, order)))
          << condition << " by " << order;
    }
  }
}

TEST_F(RightsTest, WithoutWhatMayNotBeSeenARecordIsRead) {
  for (const v1::Widget& seen : {*Get(kPartly, "widgets/own"), List(kPartly)->widgets(1)}) {
    EXPECT_EQ(seen.name(), "widgets/own");
    EXPECT_EQ(seen.display_name(), "A widget");
    EXPECT_EQ(seen.email(), "o***@example.com");
    EXPECT_EQ(seen.score(), 1);
    EXPECT_FALSE(seen.has_amount());
  }
}

TEST_F(RightsTest, WhatIsHiddenIsNeitherAskedForNorOrderedBy) {
  EXPECT_THAT(List(kPartly, "amount.units > 1"), HasViolation("filter", "FIELD_HIDDEN"));
  EXPECT_THAT(List(kPartly, "score = 1 OR NOT amount:*"), HasViolation("filter", "FIELD_HIDDEN"));
  EXPECT_THAT(List(kPartly, R"(email = "own@example.com")"),
              HasViolation("filter", "FIELD_HIDDEN"));
  EXPECT_THAT(List(kPartly, "", "amount desc"), HasViolation("order_by", "FIELD_HIDDEN"));
  // The first order is by the amount.
  EXPECT_EQ(NamesOf(List(kPartly)).size(), 3);
}

TEST_F(RightsTest, AFilterFindsNoRecordOfWhichItSpeaksOfMoreThanIsSeen) {
  const std::vector<Given> rights = {{Access::kUpdate, kOwnFilter},
                                     {Access::kRead, "", {{"display_name", FieldAccess::kRead}}}};

  EXPECT_THAT(NamesOf(List(rights, "amount.units > 0")), ElementsAre("widgets/own"));
  EXPECT_THAT(NamesOf(List(rights, "NOT amount.units > 1000")), ElementsAre("widgets/own"));
  EXPECT_EQ(NamesOf(List(rights, R"(display_name = "A widget")")).size(), 3);
}

TEST_F(RightsTest, OnlyWhatMayBeChangedIsChanged) {
  EXPECT_THAT(Update(kSeller, Rename("widgets/own", "New")), IsOk());
  EXPECT_THAT(Update(kSeller, Rename("widgets/popular", "New")),
              StatusIs(Code::kPermissionDenied, "RECORD_PROTECTED"));
  EXPECT_THAT(Update(kSeller, Rename("widgets/hidden", "New")),
              StatusIs(Code::kNotFound, "NOT_FOUND"));
  // Not even that it was changed since.
  EXPECT_THAT(Update(kSeller, Rename("widgets/hidden", "New", "AAAA")),
              StatusIs(Code::kNotFound, "NOT_FOUND"));
  EXPECT_EQ(engine_.Get("widgets/popular")->display_name(), "A widget");
}

TEST_F(RightsTest, OnlyWhatMayBeDeletedIsDeleted) {
  v1::DeleteWidgetRequest request;
  request.set_name("widgets/own");
  EXPECT_THAT(As<v1::Widget>(kSeller, "DeleteWidget", request),
              StatusIs(Code::kPermissionDenied, "RECORD_PROTECTED"));
  request.set_name("widgets/hidden");
  EXPECT_THAT(As<v1::Widget>(kSeller, "DeleteWidget", request),
              StatusIs(Code::kNotFound, "NOT_FOUND"));
  EXPECT_THAT(As<v1::Widget>({{Access::kDelete, ""}}, "DeleteWidget", request), IsOk());
}

TEST_F(RightsTest, AFieldThatMayNotBeWrittenIsNotWritten) {
  auto request = Rename("widgets/own", "New");
  request.mutable_widget()->set_score(7);
  request.mutable_update_mask()->add_paths("score");
  EXPECT_THAT(Update(kPartly, request), StatusIs(Code::kPermissionDenied, "FIELD_PROTECTED"));

  // As it is, it may be sent along: it is seen anyway.
  request.mutable_widget()->set_score(1);
  EXPECT_THAT(Update(kPartly, request), IsOk());
}

TEST_F(RightsTest, WhetherAHiddenFieldHasAValueIsNotTold) {
  auto request = Rename("widgets/own", "New");
  request.mutable_update_mask()->add_paths("amount.units");
  for (const std::int64_t guess : {1, 2}) {
    request.mutable_widget()->mutable_amount()->set_units(guess);
    EXPECT_THAT(Update(kPartly, request), StatusIs(Code::kPermissionDenied, "FIELD_PROTECTED"))
        << guess;
  }
}

TEST_F(RightsTest, AStaleWriteTellsOfNothingThatIsNotSeen) {
  auto request = Rename("widgets/own", "New", "\"v7\"");
  for (const char* path : {"email", "score", "amount.units"})
    request.mutable_update_mask()->add_paths(path);
  request.mutable_widget()->set_email("other@example.com");
  request.mutable_widget()->set_score(7);
  request.mutable_widget()->mutable_amount()->set_units(7);

  const absl::Status refused = Update(kPartly, request).status();

  EXPECT_THAT(refused, StatusIs(Code::kAborted, "STALE_ETAG"));
  EXPECT_EQ(InfoOf(refused).metadata.at("fields"), "display_name,score");
}

TEST_F(RightsTest, ARecordThatIsReplacedKeepsWhatWasNotSeenOfIt) {
  v1::UpdateWidgetRequest request;
  *request.mutable_widget() = *Get(kPartly, "widgets/own");
  request.mutable_widget()->set_display_name("New");
  request.mutable_update_mask()->add_paths("*");

  ASSERT_THAT(Update(kPartly, request), IsOk());

  const auto stored = engine_.Get("widgets/own");
  EXPECT_EQ(stored->display_name(), "New");
  EXPECT_EQ(stored->email(), "own@example.com");
  EXPECT_EQ(stored->amount().units(), 1);
}

TEST_F(RightsTest, TheAnswerOfAWriteShowsWhatAReaderSeesAlsoWhenItIsRepeated) {
  auto request = Rename("widgets/own", "New");
  request.set_request_id(kRequestId);

  for (int i = 0; i < 2; ++i) {
    const auto answer = Update(kPartly, request);
    ASSERT_THAT(answer, IsOk());
    EXPECT_EQ(answer->display_name(), "New");
    EXPECT_EQ(answer->email(), "o***@example.com");
    EXPECT_FALSE(answer->has_amount());
  }
  // Rights that changed meanwhile count for the stored answer, too.
  const auto later =
      Update({{Access::kRead, "score = 1", {{"score", FieldAccess::kRead}}}}, request);
  ASSERT_THAT(later, IsOk());
  EXPECT_EQ(later->display_name(), "");
}

TEST_F(RightsTest, WhatIsGivenAwayIsNotSeenAnyMore) {
  v1::UpdateWidgetRequest request;
  request.mutable_widget()->set_name("widgets/own");
  request.mutable_widget()->set_owner(kBen);
  request.mutable_update_mask()->add_paths("owner");

  const auto answer = Update(kSeller, request);

  ASSERT_THAT(answer, IsOk());
  EXPECT_EQ(answer->name(), "widgets/own");
  EXPECT_EQ(answer->display_name(), "");
  EXPECT_EQ(answer->owner(), "");
  EXPECT_THAT(Get(kSeller, "widgets/own"), StatusIs(Code::kNotFound, "NOT_FOUND"));
}

TEST_F(RightsTest, WhatIsOnlyTriedShowsNoMoreThanBefore) {
  const std::vector<Given> rights = {
      {Access::kUpdate,
       "",
       {{"display_name", FieldAccess::kWrite}, {"owner", FieldAccess::kWrite}}},
      {Access::kRead, kOwnFilter}};
  v1::UpdateWidgetRequest request;
  request.mutable_widget()->set_name("widgets/popular");
  request.mutable_widget()->set_owner(kAnna);
  request.mutable_update_mask()->add_paths("owner");
  request.set_validate_only(true);

  const auto tried = Update(rights, request);
  request.set_validate_only(false);
  const auto made = Update(rights, request);

  ASSERT_THAT(tried, IsOk());
  EXPECT_EQ(tried->owner(), kAnna);
  EXPECT_EQ(tried->email(), "");
  EXPECT_FALSE(tried->has_amount());
  ASSERT_THAT(made, IsOk());
  EXPECT_EQ(made->email(), "popular@example.com");
}

TEST_F(RightsTest, WhatSomebodyCreatesIsHis) {
  const auto created = As<v1::Widget>(kSeller, "CreateWidget", NewWidget("mine"));

  ASSERT_THAT(created, IsOk());
  EXPECT_EQ(created->owner(), kAnna);
  auto request = NewWidget("bens");
  request.mutable_widget()->set_owner(kBen);
  EXPECT_THAT(As<v1::Widget>(kSeller, "CreateWidget", request),
              StatusIs(Code::kPermissionDenied, "RECORD_PROTECTED"));
  // Whoever may change what is nobody's leaves it so.
  const auto nobodys =
      As<v1::Widget>({{Access::kUpdate, "NOT owner:*"}}, "CreateWidget", NewWidget("nobodys"));
  ASSERT_THAT(nobodys, IsOk());
  EXPECT_EQ(nobodys->owner(), "");
}

TEST_F(RightsTest, AClientOwnsNothing) {
  Call call = CallAs(1, "clients/erp");
  const auto create = [&](const char* id, const std::vector<Given>& rights) {
    call.principal.rights = std::make_shared<FixedRights>(rights);
    return engine_.Do<v1::Widget>(call, "CreateWidget", NewWidget(id));
  };

  EXPECT_THAT(create("one", kSeller), StatusIs(Code::kPermissionDenied, "RECORD_PROTECTED"));
  const auto created = create("two", {{Access::kUpdate, "NOT owner:*"}});
  ASSERT_THAT(created, IsOk());
  EXPECT_EQ(created->owner(), "");
}

TEST_F(RightsTest, WhatMayNotBeWrittenIsNotSetAtCreation) {
  auto request = NewWidget("new");
  request.mutable_widget()->set_score(7);

  EXPECT_THAT(As<v1::Widget>(kPartly, "CreateWidget", request),
              StatusIs(Code::kPermissionDenied, "FIELD_PROTECTED"));
  EXPECT_THAT(As<v1::Widget>(kPartly, "CreateWidget", NewWidget("new")), IsOk());
}

TEST_F(RightsTest, WhatMayNotBeReadIsNotReferredTo) {
  auto request = NewWidget("part");
  for (const char* whole : {"widgets/hidden", "widgets/absent"}) {
    request.mutable_widget()->set_part_of(whole);
    EXPECT_THAT(As<v1::Widget>(kSeller, "CreateWidget", request),
                StatusIs(Code::kFailedPrecondition, "REFERENCE_NOT_FOUND"))
        << whole;
  }
  request.mutable_widget()->set_part_of("widgets/popular");
  EXPECT_THAT(As<v1::Widget>(kSeller, "CreateWidget", request), IsOk());
}

TEST_F(RightsTest, RulesDoNotTellOfWhatMayNotBeRead) {
  // Whatever this would say of the record that stands above.
  EngineBench engine({.derive = [](Changes& changes, const v1::Widget*, v1::Widget& after) {
    return after.part_of().empty() ? absl::OkStatus()
           : changes.Load<v1::Widget>(after.part_of()).ok()
               ? FailedPrecondition("RULE_TELLS", "it is there")
               : absl::OkStatus();
  }});
  engine.foreign().known = {kAnna};
  ASSERT_THAT(engine.Create(NewWidget("hidden")), IsOk());
  auto request = NewWidget("part");
  request.mutable_widget()->set_part_of("widgets/hidden");
  Call call = CallAs(1);
  call.principal.rights = std::make_shared<FixedRights>(kSeller);

  EXPECT_THAT(engine.Do<v1::Widget>(call, "CreateWidget", request),
              StatusIs(Code::kFailedPrecondition, "REFERENCE_NOT_FOUND"));
  EXPECT_THAT(engine.Create(request), StatusIs(Code::kFailedPrecondition, "RULE_TELLS"));
}

TEST_F(RightsTest, AWholeViewIsNotNarrowedByAnother) {
  const std::vector<Given> both = {{Access::kDelete, ""},
                                   {Access::kRead, "", {{"score", FieldAccess::kRead}}}};

  EXPECT_THAT(NamesOf(List(both)), ElementsAre("widgets/popular", "widgets/hidden", "widgets/own"));
}

TEST_F(RightsTest, TheHolderOfAMatchKeyIsNotNamed) {
  auto request = NewWidget("new");
  request.mutable_widget()->set_email("hidden@example.com");

  const auto refused = As<v1::Widget>(kSeller, "CreateWidget", request);

  EXPECT_THAT(refused, StatusIs(Code::kAlreadyExists, "MATCH_KEY_TAKEN"));
  EXPECT_FALSE(InfoOf(refused.status()).metadata.contains("holder"));
}

TEST_F(RightsTest, RowsOfAnImportAreCreatedAsOneByOne) {
  Call call = CallAs(1);
  call.principal.rights = std::make_shared<FixedRights>(kSeller);
  ImportClient client(engine_.import(), call);
  auto bens = Row("bens", "bens@example.com");
  bens.mutable_widget()->set_owner(kBen);

  client.Send(ChunkAt(0, {Row("mine", "mine@example.com"), bens}));

  EXPECT_THAT(client.Close(), IsOk());
  EXPECT_EQ(client.results().at(0).rows(0).name(), "widgets/mine");
  EXPECT_EQ(client.results().at(0).rows(1).error().code(),
            static_cast<int>(Code::kPermissionDenied));
  EXPECT_EQ(engine_.Get("widgets/mine")->owner(), kAnna);
}

}  // namespace
}  // namespace lotura::resource
