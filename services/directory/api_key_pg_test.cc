// Keys of clients, as they are made, changed and taken away.
#include "services/directory/api_key.h"

#include "libs/access/api_key_token.h"
#include "libs/base/hex.h"
#include "libs/testing/service_bench.h"
#include "lotura/directory/v1/client.pb.h"
#include "services/directory/app.h"
#include "services/directory/get_api_key_use.h"
#include "services/directory/issue_api_key.h"

namespace lotura::directory {
namespace {

using absl::StatusCode;
using testing::HasViolation;
using testing::IsOk;
using testing::StatusIs;

constexpr std::int64_t kDay = 86'400;

class ApiKeyTest : public ::testing::Test {
 protected:
  void SetUp() override {
    v1::Client client;
    client.set_display_name("ERP");
    ASSERT_THAT(bench_.Create(client, "", "erp"), IsOk());
  }

  std::int64_t In(std::int64_t seconds) {
    return std::chrono::floor<std::chrono::seconds>(bench_.clock().Now())
               .time_since_epoch()
               .count() +
           seconds;
  }

  v1::IssueApiKeyRequest Request(const std::string& id = "k") {
    v1::IssueApiKeyRequest request;
    request.set_parent("clients/erp");
    request.set_api_key_id(id);
    request.mutable_api_key()->set_display_name("Nightly");
    request.mutable_api_key()->mutable_expire_time()->set_seconds(In(30 * kDay));
    return request;
  }

  absl::StatusOr<v1::IssueApiKeyResponse> Issue(const v1::IssueApiKeyRequest& request) {
    return bench_.Do(IssueApiKey, bench_.CallAs(), request);
  }

  // What the database holds of it, anywhere.
  std::int64_t CountOf(const std::string& table, const std::string& text) {
    std::int64_t count = 0;
    testing::MustBeOk(
        bench_.writes().Read(Deadline::After(std::chrono::seconds(10)), [&](pg::Tx& tx) {
          count =
              tx.RunBuilt("Count",
                          fmt::format("SELECT count(*) FROM {} t WHERE position("
                                      "encode($1::bytea, 'hex') IN t::text) > 0 OR "
                                      "position(convert_from($1::bytea, 'UTF8') IN t::text) > 0",
                                      table),
                          pg::Params().Bytes(text))
                  .Int(0, 0);
          return absl::OkStatus();
        }));
    return count;
  }

  testing::ServiceBench bench_{Spec()};
};

TEST_F(ApiKeyTest, IsToldOnceAndOnlyItsHashIsKept) {
  ASSERT_OK_AND_ASSIGN(const auto issued, Issue(Request()));

  const auto token = access::ParseApiKeyToken(issued.token());
  ASSERT_TRUE(token.has_value());
  EXPECT_EQ(token->tenant, bench_.CallAs().principal.tenant);
  EXPECT_EQ(issued.api_key().name(), "clients/erp/apiKeys/k");
  EXPECT_EQ(issued.api_key().token_start(), token->start);
  EXPECT_EQ(bench_.Get<v1::ApiKey>("clients/erp/apiKeys/k")->DebugString(),
            issued.api_key().DebugString());
  EXPECT_EQ(bench_.Get<v1::ApiKeySecret>(SecretOf("clients/erp/apiKeys/k"))->secret_hash(),
            ToHex(token->secret_hash));
  const std::string found = fmt::format("token_start = \"{}\"", token->start);
  EXPECT_EQ(bench_.List<v1::ApiKey>({.parent = "clients/-", .filter = found})->size(), 1);
  for (const char* table : {"journal", "request", "api_key", "api_key_secret"})
    EXPECT_EQ(CountOf(table, issued.token().substr(40, 40)), 0) << table;
  EXPECT_EQ(CountOf("api_key_secret", ToHex(token->secret_hash)), 1);
}

TEST_F(ApiKeyTest, RepetitionIsAnsweredWithoutTheToken) {
  v1::IssueApiKeyRequest request = Request();
  request.set_request_id("0b0e6a5e-7d52-4a35-9a5e-0f5a4f6f1c11");
  ASSERT_OK_AND_ASSIGN(const auto first, Issue(request));
  ASSERT_FALSE(first.token().empty());

  ASSERT_OK_AND_ASSIGN(const auto again, Issue(request));

  EXPECT_EQ(again.token(), "");
  EXPECT_EQ(again.api_key().DebugString(), first.api_key().DebugString());
  EXPECT_EQ(CountOf("request", first.token()), 0);
  EXPECT_EQ(CountOf("request", "clients/erp/apiKeys/k"), 1);
}

TEST_F(ApiKeyTest, OneThatIsOnlyTriedHasNoToken) {
  v1::IssueApiKeyRequest request = Request();
  request.set_validate_only(true);

  ASSERT_OK_AND_ASSIGN(const auto tried, Issue(request));

  EXPECT_EQ(tried.token(), "");
  EXPECT_THAT(bench_.Get<v1::ApiKey>("clients/erp/apiKeys/k"),
              StatusIs(StatusCode::kNotFound, "NOT_FOUND"));
}

TEST_F(ApiKeyTest, WhatIsWrongIsNamedAndChangesNothing) {
  v1::IssueApiKeyRequest request = Request();
  request.mutable_api_key()->add_scopes("sales.products.fly");
  request.mutable_api_key()->clear_display_name();
  EXPECT_THAT(Issue(request), HasViolation("api_key.scopes[0]", "PERMISSION_UNKNOWN"));
  EXPECT_THAT(Issue(request), HasViolation("api_key.display_name", "REQUIRED"));
  for (const std::int64_t end : {-1, 0, static_cast<int>(401 * kDay)}) {
    request = Request();
    request.mutable_api_key()->mutable_expire_time()->set_seconds(In(end));
    EXPECT_THAT(Issue(request), HasViolation("api_key.expire_time", "EXPIRE_TIME_INVALID")) << end;
  }
  request = Request();
  request.mutable_api_key()->clear_expire_time();
  EXPECT_THAT(Issue(request), HasViolation("api_key.expire_time", "REQUIRED"));
  request = Request();
  request.set_parent("clients/none");
  EXPECT_THAT(Issue(request), StatusIs(StatusCode::kFailedPrecondition, "REFERENCE_NOT_FOUND"));
  request.set_parent("users/erp");
  EXPECT_THAT(Issue(request), HasViolation("parent", "PARENT_INVALID"));
  request = Request();
  request.clear_api_key();
  EXPECT_THAT(Issue(request), HasViolation("api_key", "REQUIRED"));

  EXPECT_TRUE(bench_.List<v1::ApiKey>({.parent = "clients/erp"})->empty());
}

TEST_F(ApiKeyTest, CallerDecidesNothingOfTheToken) {
  v1::IssueApiKeyRequest request = Request();
  request.mutable_api_key()->set_token_start("lotura_mine");

  ASSERT_OK_AND_ASSIGN(const auto issued, Issue(request));

  EXPECT_EQ(issued.api_key().token_start(), issued.token().substr(0, 23));
}

TEST_F(ApiKeyTest, KeyThatHasExpiredIsStillChanged) {
  ASSERT_THAT(Issue(Request()), IsOk());
  bench_.clock().Advance(std::chrono::hours(24 * 31));
  ASSERT_OK_AND_ASSIGN(v1::ApiKey key, bench_.Get<v1::ApiKey>("clients/erp/apiKeys/k"));

  key.set_suspended(true);
  EXPECT_THAT(bench_.Save(key), IsOk());
  key.mutable_expire_time()->set_seconds(In(0));
  EXPECT_THAT(bench_.Save(key), HasViolation("expire_time", "EXPIRE_TIME_INVALID"));
  key.mutable_expire_time()->set_seconds(In(kDay));
  EXPECT_THAT(bench_.Save(key), IsOk());
}

TEST_F(ApiKeyTest, OfADeletedKeyTheHashIsForgotten) {
  ASSERT_THAT(Issue(Request()), IsOk());

  ASSERT_THAT(bench_.Delete<v1::ApiKey>("clients/erp/apiKeys/k"), IsOk());

  EXPECT_EQ(bench_.Get<v1::ApiKeySecret>(SecretOf("clients/erp/apiKeys/k"))->secret_hash(), "");
}

TEST_F(ApiKeyTest, UseThatCannotBeReadIsNotInvented) {
  ASSERT_THAT(Issue(Request()), IsOk());
  v1::GetApiKeyUseRequest request;
  request.set_name("clients/erp/apiKeys/k");
  EXPECT_THAT(GetApiKeyUse(bench_.CallAs(), request, bench_.queries()),
              StatusIs(StatusCode::kUnavailable, "USES_UNAVAILABLE"));

  request.set_name("clients/erp/apiKeys/none");
  EXPECT_THAT(GetApiKeyUse(bench_.CallAs(), request, bench_.queries()),
              StatusIs(StatusCode::kNotFound, "NOT_FOUND"));
  request.set_name("clients/erp");
  EXPECT_THAT(GetApiKeyUse(bench_.CallAs(), request, bench_.queries()),
              HasViolation("name", "NAME_INVALID"));
}

}  // namespace
}  // namespace lotura::directory
