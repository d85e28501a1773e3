// Keys that change, issuers that are down, and tokens that were seen before.
#include "libs/rpc/token_verifier.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <future>

#include "libs/http/testdata/web_server.h"
#include "libs/rpc/token_issuer.h"
#include "libs/testing/eventually.h"
#include "libs/testing/fakes.h"
#include "libs/testing/process.h"
#include "libs/testing/status_matchers.h"

namespace lotura::rpc {
namespace {

using absl::StatusCode;
using testing::Eventually;
using testing::IsOk;
using testing::StatusIs;
using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace)

// Of an issuer.
using KeyServer = http::WebServer;

class TokenVerifierTest : public ::testing::Test {
 protected:
  std::unique_ptr<TokenVerifier> Verifier(const std::string& keys,
                                          KeySourceOptions fetch = {.refresh = 1h,
                                                                    .refetch_min = 0ms}) {
    auto created = TokenVerifier::Create(
        {.issuers = {{.id = "test", .keys = keys, .rules = rules_}}, .fetch = fetch}, clock_, log_,
        metrics_);
    EXPECT_THAT(created, IsOk());
    return std::move(created).value();
  }
  std::string Header(const TokenIssuer& issuer) const {
    const Principal anna{{}, "users/anna", {}, Grounds::kToken};
    return "Bearer " + issuer.Mint(anna, rules_, clock_.Now() + 1h);
  }
  // As the pipeline does it.
  static absl::Status Check(TokenVerifier& verifier, const std::string& header) {
    if (const auto known = verifier.Try(header)) return known->status();
    std::promise<absl::Status> answer;
    verifier.Ask(header, [&](const auto& result) { answer.set_value(result.status()); });
    return answer.get_future().get();
  }
  double Count(const char* result) {
    return metrics_
        .AddCounters({.name = "lotura_token_checks_total",
                      .help = "Tokens looked at, by what came of it.",
                      .labels = {"result"}})
        .With({result})
        .value();
  }
  std::string KeyFile(const std::string& json) {
    const std::string path = directory_.path() + "/keys.json";
    std::ofstream(path + ".new") << json;
    std::filesystem::rename(path + ".new", path);
    return path;
  }

  testing::TempDir directory_;
  testing::FakeClock clock_;
  observe::Metrics metrics_{"rpctest"};
  observe::Log log_{{.service = "rpctest", .level = observe::Level::kError}, metrics_};
  TokenRules rules_{
      .issuer = "https://issuer.test", .audience = "lotura", .grounds = Grounds::kToken};
  const TokenIssuer old_{Algorithm::kEs256, "old"};
  const TokenIssuer new_{Algorithm::kRs256, "new"};
};

TEST_F(TokenVerifierTest, ATokenIsVerifiedOnceAMinute) {
  const auto verifier = Verifier(KeyFile(old_.KeySetJson()));
  const std::string header = Header(old_);

  for (int i = 0; i < 3; ++i) EXPECT_THAT(Check(*verifier, header), IsOk());
  clock_.Advance(60s);
  EXPECT_THAT(Check(*verifier, header), IsOk());

  EXPECT_EQ(Count("valid"), 2);
  EXPECT_EQ(Count("cached"), 2);
}

TEST_F(TokenVerifierTest, ACachedTokenExpiresOnTime) {
  const auto verifier = Verifier(KeyFile(old_.KeySetJson()));
  const std::string header =
      "Bearer " + old_.Mint({{}, "users/anna", {}}, rules_, clock_.Now() + 10s);
  EXPECT_THAT(Check(*verifier, header), IsOk());

  clock_.Advance(10s + rules_.leeway);

  EXPECT_THAT(Check(*verifier, header), StatusIs(StatusCode::kUnauthenticated, "TOKEN_EXPIRED"));
}

TEST_F(TokenVerifierTest, ANewKeyIsFetchedWhenATokenNeedsIt) {
  const auto verifier = Verifier(KeyFile(old_.KeySetJson()));
  EXPECT_THAT(Check(*verifier, Header(new_)),
              StatusIs(StatusCode::kUnauthenticated, "TOKEN_SIGNATURE"));

  KeyFile(new_.KeySetJson());

  EXPECT_THAT(Check(*verifier, Header(new_)), IsOk());
}

TEST_F(TokenVerifierTest, TokensOfAKeyThatIsGoneAreForgotten) {
  const auto verifier = Verifier(KeyFile(old_.KeySetJson()));
  EXPECT_THAT(Check(*verifier, Header(old_)), IsOk());

  KeyFile(new_.KeySetJson());
  EXPECT_THAT(Check(*verifier, Header(new_)), IsOk());

  EXPECT_THAT(Check(*verifier, Header(old_)),
              StatusIs(StatusCode::kUnauthenticated, "TOKEN_SIGNATURE"));
}

TEST_F(TokenVerifierTest, AFileIsReadAgainWithoutAReason) {
  const auto verifier = Verifier(KeyFile(old_.KeySetJson()), {.refresh = 10ms, .refetch_min = 1h});

  KeyFile(new_.KeySetJson());

  EXPECT_TRUE(Eventually([&] { return Check(*verifier, Header(new_)).ok(); }, 10s));
}

TEST_F(TokenVerifierTest, TheLastKeysServeWhileTheIssuerIsDown) {
  KeyServer server;
  server.Serve(200, old_.KeySetJson());
  const auto verifier = Verifier(server.url());
  EXPECT_THAT(Check(*verifier, Header(old_)), IsOk());

  for (const auto& [code, body] :
       {std::pair(500, "down"), std::pair(200, "not json"), std::pair(302, "")}) {
    server.Serve(code, body);
    EXPECT_THAT(Check(*verifier, Header(new_)),
                StatusIs(StatusCode::kUnauthenticated, "TOKEN_SIGNATURE"));
    EXPECT_THAT(Check(*verifier, Header(old_)), IsOk());
  }
}

TEST_F(TokenVerifierTest, AnIssuerThatIsDownAtTheStartIsAskedAgain) {
  KeyServer server;
  server.Serve(503, "");
  const auto verifier = Verifier(server.url(), {.refresh = 1h, .refetch_min = 10ms});
  EXPECT_THAT(verifier->Ready(), StatusIs(StatusCode::kUnavailable, "KEYS_UNAVAILABLE"));
  EXPECT_THAT(Check(*verifier, Header(old_)),
              StatusIs(StatusCode::kUnavailable, "KEYS_UNAVAILABLE"));

  server.Serve(200, old_.KeySetJson());

  EXPECT_TRUE(Eventually([&] { return verifier->Ready().ok(); }, 10s));
  EXPECT_THAT(Check(*verifier, Header(old_)), IsOk());
}

TEST_F(TokenVerifierTest, UnknownKeysDoNotFloodTheIssuer) {
  KeyServer server;
  server.Serve(200, old_.KeySetJson());
  const auto verifier = Verifier(server.url(), {.refresh = 1h, .refetch_min = 1h});

  for (int i = 0; i < 50; ++i) {
    EXPECT_THAT(Check(*verifier, Header(new_)),
                StatusIs(StatusCode::kUnauthenticated, "TOKEN_SIGNATURE"));
  }

  EXPECT_EQ(server.requests(), 1);
}

TEST_F(TokenVerifierTest, EachIssuerHasKeysOfItsOwn) {
  TokenRules other = rules_;
  other.issuer = "https://other.test";
  other.subjects = Subjects::kOpaque;
  const std::string other_keys = directory_.path() + "/other.json";
  std::ofstream(other_keys) << new_.KeySetJson();
  const auto verifier = *TokenVerifier::Create(
      {.issuers = {{.id = "test", .keys = KeyFile(old_.KeySetJson()), .rules = rules_},
                   {.id = "other", .keys = other_keys, .rules = other}}},
      clock_, log_, metrics_);
  const auto header = [this](const TokenIssuer& key, const TokenRules& rules) {
    return "Bearer " + key.Mint({{}, "users/anna", {}}, rules, clock_.Now() + 1h);
  };

  EXPECT_THAT(Check(*verifier, header(old_, rules_)), IsOk());
  EXPECT_THAT(Check(*verifier, header(new_, other)), IsOk());
  // Who holds one issuer's key cannot speak for the other.
  EXPECT_THAT(Check(*verifier, header(old_, other)),
              StatusIs(StatusCode::kUnauthenticated, "TOKEN_SIGNATURE"));
  EXPECT_THAT(Check(*verifier, header(new_, rules_)),
              StatusIs(StatusCode::kUnauthenticated, "TOKEN_SIGNATURE"));
  other.issuer = "https://stranger.test";
  EXPECT_THAT(Check(*verifier, header(new_, other)),
              StatusIs(StatusCode::kUnauthenticated, "TOKEN_ISSUER"));
}

TEST_F(TokenVerifierTest, AnIssuerThatIsDownKeepsNobodyElseAway) {
  KeyServer server;
  server.Serve(503, "");
  TokenRules other = rules_;
  other.issuer = "https://other.test";
  other.subjects = Subjects::kOpaque;
  const auto verifier = *TokenVerifier::Create(
      {.issuers = {{.id = "test", .keys = KeyFile(old_.KeySetJson()), .rules = rules_},
                   {.id = "other", .keys = server.url(), .rules = other}}},
      clock_, log_, metrics_);

  EXPECT_THAT(verifier->Ready(), IsOk());
  EXPECT_THAT(Check(*verifier, Header(old_)), IsOk());
  EXPECT_THAT(
      Check(*verifier, "Bearer " + new_.Mint({{}, "users/anna", {}}, other, clock_.Now() + 1h)),
      StatusIs(StatusCode::kUnavailable, "KEYS_UNAVAILABLE"));
}

TEST_F(TokenVerifierTest, TheIssuerSaysWhereItsKeysAre) {
  KeyServer keys;
  keys.Serve(200, old_.KeySetJson());
  KeyServer issuer;
  const std::string name = issuer.url();
  const auto document = [](const std::string& issuer_name, const std::string& place) {
    return fmt::format(R"({{"issuer": "{}", "jwks_uri": "{}"}})", issuer_name, place);
  };
  const FetchKeys fetch = KeysFromDiscovery(name);

  for (const std::string& wrong :
       {document("https://other.test", keys.url()), document(name, "http://keys.example/"),
        document(name, "/etc/passwd"), document(name, ""), std::string("no json")}) {
    issuer.Serve(200, wrong);
    EXPECT_THAT(fetch(), StatusIs(StatusCode::kUnavailable, "KEYS_UNREADABLE")) << wrong;
  }
  issuer.Serve(200, document(name, keys.url()));
  const auto found = fetch();
  ASSERT_THAT(found, IsOk());
  EXPECT_EQ(*found, old_.KeySetJson());

  // They move, and the place where they were still answers.
  KeyServer moved;
  moved.Serve(200, new_.KeySetJson());
  issuer.Serve(200, document(name, moved.url()));
  const auto again = fetch();
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(*again, new_.KeySetJson());
}

TEST_F(TokenVerifierTest, AnAnswerWithoutEndIsNotRead) {
  KeyServer server;
  server.Serve(200, std::string(2 << 20, 'a'));

  EXPECT_THAT(KeysFromUrl(server.url())(), StatusIs(StatusCode::kUnavailable, "KEYS_UNREADABLE"));
}

TEST_F(TokenVerifierTest, OptionsOutOfBoundsAreNamedTogether) {
  const auto created =
      TokenVerifier::Create({.issuers = {{.rules = {.issuer = "", .audience = "", .leeway = 61s}}},
                             .cache_max = 0,
                             .cache_time = 61s},
                            clock_, log_, metrics_);

  // The id, issuer, audience, leeway and keys of the issuer, and both of the cache.
  EXPECT_EQ(ViolationsOf(created.status()).size(), 7U);
}

TEST_F(TokenVerifierTest, KeysAreNotFetchedInPlainTextFromElsewhere) {
  for (const char* url :
       {"http://issuer.example/keys", "http://localhost.example/keys",
        "http://127.0.0.1.example/keys", "http://localhost:80@issuer.example/keys",
        "http://127.0.0.1@issuer.example/keys", "http://localhost@issuer.example"}) {
    EXPECT_THAT(TokenVerifier::Create({.issuers = {{.id = "test", .keys = url, .rules = rules_}}},
                                      clock_, log_, metrics_)
                    .status(),
                testing::HasViolation("issuers[0].keys", "OUT_OF_RANGE"))
        << url;
  }
}

TEST_F(TokenVerifierTest, AMissingFileStopsTheStart) {
  EXPECT_THAT(
      TokenVerifier::Create(
          {.issuers = {{.id = "test", .keys = directory_.path() + "/none", .rules = rules_}}},
          clock_, log_, metrics_),
      StatusIs(StatusCode::kUnavailable, "KEYS_UNREADABLE"));
}

}  // namespace
}  // namespace lotura::rpc
