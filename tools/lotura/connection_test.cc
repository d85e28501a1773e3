#include "tools/lotura/connection.h"

#include <gtest/gtest.h>

#include <fstream>

#include "libs/rpc/certificates_fixture.h"
#include "libs/testing/process.h"
#include "libs/testing/status_matchers.h"

namespace lotura::cli {
namespace {

using testing::StatusIs;

class ConnectionTest : public ::testing::Test {
 protected:
  ConnectionTest() { variables_["LOTURA_TOKEN"] = "from-variable"; }

  absl::StatusOr<Connection> Resolve(const ConnectionFlags& flags) {
    return ResolveConnection(
        flags,
        [this](const std::string& name) -> std::optional<std::string> {
          const auto found = variables_.find(name);
          if (found == variables_.end()) return std::nullopt;
          return found->second;
        },
        directory_ / "deeper");
  }

  void Write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories((directory_ / name).parent_path());
    std::ofstream(directory_ / name) << text;
  }

  const testing::TempDir temporary_;
  const std::filesystem::path directory_ = temporary_.path();
  std::map<std::string, std::string> variables_;
};

TEST_F(ConnectionTest, OneEndpointServesAllServicesAndMoreServeOneEach) {
  ASSERT_OK_AND_ASSIGN(const Connection connection,
                       Resolve({.endpoints = {"127.0.0.1:1", "sales=127.0.0.1:2"}}));

  EXPECT_EQ(*connection.EndpointOf("accounts"), "127.0.0.1:1");
  EXPECT_EQ(*connection.EndpointOf("sales"), "127.0.0.1:2");
}

TEST_F(ConnectionTest, FlagsComeBeforeVariablesAndThoseBeforeTheDevelopmentStack) {
  Write("var/endpoints.json", R"({"grpc": {"sales": "stack:1"}})");
  EXPECT_EQ(*Resolve({})->EndpointOf("sales"), "stack:1");
  variables_["LOTURA_ENDPOINT"] = "sales=variable:1, accounts=variable:2";
  EXPECT_EQ(*Resolve({})->EndpointOf("accounts"), "variable:2");

  EXPECT_EQ(*Resolve({.endpoints = {"flag:1"}})->EndpointOf("sales"), "flag:1");
}

TEST_F(ConnectionTest, TheTokenMayStandInAFile) {
  Write("token", "from-file\n");
  const ConnectionFlags flags{.endpoints = {"a:1"}};
  EXPECT_EQ(Resolve(flags)->token, "from-variable");
  variables_ = {{"LOTURA_TOKEN_FILE", directory_ / "token"}};
  EXPECT_EQ(Resolve(flags)->token, "from-file");
  variables_.clear();

  EXPECT_EQ(Resolve(flags)->token, "");
}

TEST_F(ConnectionTest, ACertificateStandsForATokenAndItsFilesMayBeVariables) {
  const rpc::TestAuthority authority;
  const rpc::Issued issued = authority.Issue({.names = {"DNS:importer.test"}});
  Write("ca.pem", authority.certificate());
  Write("own.pem", issued.certificate);
  Write("own.key", issued.key);
  variables_ = {{"LOTURA_CA_FILE", directory_ / "ca.pem"},
                {"LOTURA_KEY_FILE", directory_ / "own.key"}};
  const ConnectionFlags flags{.endpoints = {"a:1"},
                              .tls_files = {.certificate = directory_ / "own.pem"}};

  ASSERT_OK_AND_ASSIGN(const Connection connection, Resolve(flags));

  EXPECT_EQ(connection.token, "");
  EXPECT_THAT(CheckCaller(connection), testing::IsOk());
  EXPECT_EQ(connection.certificates->certificate, issued.certificate);
  EXPECT_EQ(connection.certificates->key, issued.key);
  EXPECT_EQ(connection.certificates->authorities, authority.certificate());
}

TEST_F(ConnectionTest, WhoeverShowsNeitherATokenNorACertificateIsTold) {
  Write("ca.pem", rpc::TestAuthority().certificate());
  variables_ = {{"LOTURA_CA_FILE", directory_ / "ca.pem"}};

  EXPECT_THAT(CheckCaller(*Resolve({.endpoints = {"a:1"}})),
              StatusIs(absl::StatusCode::kInvalidArgument, "USAGE"));
  variables_["LOTURA_TOKEN"] = "token";
  EXPECT_THAT(CheckCaller(*Resolve({.endpoints = {"a:1"}})), testing::IsOk());
}

TEST_F(ConnectionTest, CertificatesThatCannotServeAreSaid) {
  const rpc::TestAuthority authority;
  Write("own.pem", authority.Issue().certificate);
  Write("own.key", authority.Issue().key);
  const ConnectionFlags flags{
      .endpoints = {"a:1"},
      .tls_files = {.certificate = directory_ / "own.pem", .key = directory_ / "own.key"}};

  EXPECT_THAT(Resolve(flags), StatusIs(absl::StatusCode::kInvalidArgument, "USAGE"));
  EXPECT_EQ(Resolve({.endpoints = {"a:1"}})->certificates, nullptr);
}

TEST_F(ConnectionTest, WhatCannotBeUsedIsSaid) {
  EXPECT_THAT(Resolve({}), StatusIs(absl::StatusCode::kInvalidArgument, "USAGE"));
  EXPECT_THAT(Resolve({.endpoints = {"=a:1"}}),
              StatusIs(absl::StatusCode::kInvalidArgument, "USAGE"));
  Write("var/endpoints.json", "not json");
  EXPECT_THAT(Resolve({}), StatusIs(absl::StatusCode::kInvalidArgument, "USAGE"));
  ASSERT_OK_AND_ASSIGN(const Connection sales, Resolve({.endpoints = {"sales=a:1"}}));
  EXPECT_THAT(sales.EndpointOf("accounts"), StatusIs(absl::StatusCode::kInvalidArgument, "USAGE"));
}

}  // namespace
}  // namespace lotura::cli
