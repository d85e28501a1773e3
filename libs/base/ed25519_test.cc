#include "libs/base/ed25519.h"

#include <gtest/gtest.h>

#include <array>

#include "libs/base/errors.h"
#include "libs/base/hex.h"

namespace lotura {
namespace {

TEST(Ed25519Test, ATextThatWasSignedVerifiesAndNoOther) {
  const SigningKey key = SigningKey::Generate();
  const std::string signature = key.Sign("a text");

  EXPECT_EQ(signature.size(), 64U);
  EXPECT_TRUE(key.verify_key().Verify("a text", signature));
  EXPECT_FALSE(key.verify_key().Verify("another text", signature));
  EXPECT_FALSE(key.verify_key().Verify("a text", signature.substr(1)));
  EXPECT_FALSE(key.verify_key().Verify("a text", ""));
  EXPECT_FALSE(SigningKey::Generate().verify_key().Verify("a text", signature));
  std::string changed = signature;
  changed[40] ^= 1;
  EXPECT_FALSE(key.verify_key().Verify("a text", changed));
}

// RFC 8032, 7.1, test 2, with the key in the form of RFC 8410.
TEST(Ed25519Test, TheSignatureIsThatOfTheStandard) {
  const auto key = SigningKey::FromPem(
      "-----BEGIN PRIVATE KEY-----\n"
      "MC4CAQAwBQYDK2VwBCIEIEzNCJso/5banbbDRuwRTg9bijGfNaumJNqM9u1PuKb7\n"
      "-----END PRIVATE KEY-----\n");

  ASSERT_TRUE(key.ok()) << Message(key.status());
  std::array<std::uint8_t, 64> expected{};
  ASSERT_TRUE(
      FromHex("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
              "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
              expected));
  EXPECT_EQ(key->Sign("r"), std::string(expected.begin(), expected.end()));
}

TEST(Ed25519Test, KeysAreWrittenAndReadBack) {
  const SigningKey key = SigningKey::Generate();

  const auto read = SigningKey::FromPem(key.ToPem());
  const auto known = VerifyKey::FromPem(key.verify_key().ToPem());

  ASSERT_TRUE(read.ok());
  ASSERT_TRUE(known.ok());
  EXPECT_TRUE(known->Verify("a text", read->Sign("a text")));
  EXPECT_EQ(known->id(), key.verify_key().id());
  EXPECT_EQ(known->id().size(), 16U);
}

TEST(Ed25519Test, WhatIsNoKeyIsRefused) {
  const SigningKey key = SigningKey::Generate();
  for (const std::string& pem : {std::string(), std::string("key"), key.verify_key().ToPem()})
    EXPECT_EQ(ReasonOf(SigningKey::FromPem(pem).status()), "KEY_INVALID");
  for (const std::string& pem : {std::string(), key.ToPem().substr(0, 50), key.ToPem()})
    EXPECT_EQ(ReasonOf(VerifyKey::FromPem(pem).status()), "KEY_INVALID");
}

}  // namespace
}  // namespace lotura
