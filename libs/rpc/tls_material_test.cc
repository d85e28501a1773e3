// Which certificates and keys are taken, and why others are not.
#include "libs/rpc/tls_material.h"

#include <gtest/gtest.h>
#include <openssl/rsa.h>

#include "libs/rpc/certificates_fixture.h"
#include "libs/testing/status_matchers.h"

namespace lotura::rpc {
namespace {

using absl::StatusCode;
using testing::IsOk;
using testing::StatusIs;
using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace)

class TlsMaterialTest : public ::testing::Test {
 protected:
  absl::StatusOr<TlsMaterial> Load(const Issued& own) {
    return LoadTls(directory_.Files(own, authority_.certificate()), clock_.Now());
  }
  static std::string EncryptedPem(const std::string& pem) {
    const Bio in(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    const PrivateKey key(PEM_read_bio_PrivateKey(in.get(), nullptr, nullptr, nullptr));
    return PemBy([&](BIO* bio) {
      return PEM_write_bio_PKCS8PrivateKey(bio, key.get(), EVP_aes_256_cbc(), "secret", 6, nullptr,
                                           nullptr);
    });
  }

  const TestAuthority authority_;
  const TlsDirectory directory_;
  const SystemClock clock_;
};

TEST_F(TlsMaterialTest, WhatBelongsTogetherIsTakenWhole) {
  const Issued own = authority_.Issue({.ends = 1h});

  const auto material = Load(own);

  ASSERT_THAT(material, IsOk());
  EXPECT_EQ(material->certificate, own.certificate);
  EXPECT_EQ(material->key, own.key);
  EXPECT_EQ(material->authorities, authority_.certificate());
  ASSERT_TRUE(material->expires.has_value());
  EXPECT_LE(*material->expires - clock_.Now(), 1h);
  EXPECT_GE(*material->expires - clock_.Now(), 59min);
}

TEST_F(TlsMaterialTest, ACertificateThatLeadsToARootEndsWithTheFirst) {
  const TestAuthority between("between");
  Issued own = between.Issue({.ends = 48h});
  own.certificate += between.certificate();

  const auto material = Load(own);

  ASSERT_THAT(material, IsOk());
  EXPECT_LE(*material->expires - clock_.Now(), 24h);
}

TEST_F(TlsMaterialTest, WhoHasNoCertificateOfItsOwnMayBelieveOthers) {
  directory_.Write("ca.pem", authority_.certificate() + TestAuthority().certificate());

  const auto material = LoadTls({.authorities = directory_.Path("ca.pem")}, clock_.Now());

  ASSERT_THAT(material, IsOk());
  EXPECT_FALSE(material->expires.has_value());
  EXPECT_EQ(material->certificate, "");
}

TEST_F(TlsMaterialTest, FilesThatCannotBeReadAreNamed) {
  TlsFiles files = directory_.Files(authority_.Issue(), authority_.certificate());
  files.key = directory_.Path("none");
  const auto missing = LoadTls(files, clock_.Now());
  EXPECT_THAT(missing, StatusIs(StatusCode::kUnavailable, "TLS_FILE"));
  EXPECT_NE(Message(missing.status()).find("none"), std::string::npos);

  files.key = directory_.Path("");
  EXPECT_THAT(LoadTls(files, clock_.Now()), StatusIs(StatusCode::kUnavailable, "TLS_FILE"));
  directory_.Write("large", std::string((1 << 20) + 1, 'a'));
  files.key = directory_.Path("large");
  EXPECT_THAT(LoadTls(files, clock_.Now()), StatusIs(StatusCode::kUnavailable, "TLS_FILE"));
}

TEST_F(TlsMaterialTest, CertificateAndKeyOfDifferentPairsAreRefused) {
  const Issued own = authority_.Issue();

  EXPECT_THAT(Load({own.certificate, authority_.Issue().key}),
              StatusIs(StatusCode::kFailedPrecondition, "TLS_PAIR"));
}

TEST_F(TlsMaterialTest, WhatIsNoneIsRefused) {
  const Issued own = authority_.Issue();
  const std::string half = own.certificate.substr(0, own.certificate.size() / 2);

  for (const std::string& certificate :
       {std::string(), std::string("no certificate"), own.key, half, own.certificate + half}) {
    EXPECT_THAT(Load({certificate, own.key}),
                StatusIs(StatusCode::kFailedPrecondition, "TLS_CERTIFICATE"))
        << certificate;
  }
  for (const std::string& key : {std::string(), own.certificate, own.key.substr(0, 60)}) {
    EXPECT_THAT(Load({own.certificate, key}), StatusIs(StatusCode::kFailedPrecondition, "TLS_KEY"))
        << key;
  }
}

TEST_F(TlsMaterialTest, AKeyWithAPasswordIsRefusedAndNobodyIsAsked) {
  const Issued own = authority_.Issue();

  EXPECT_THAT(Load({own.certificate, EncryptedPem(own.key)}),
              StatusIs(StatusCode::kFailedPrecondition, "TLS_KEY"));
}

TEST_F(TlsMaterialTest, ACertificateCountsOnlyInItsTime) {
  EXPECT_THAT(Load(authority_.Issue({.begins = -2h, .ends = -1h})),
              StatusIs(StatusCode::kFailedPrecondition, "TLS_EXPIRED"));
  EXPECT_THAT(Load(authority_.Issue({.begins = 1h, .ends = 2h})),
              StatusIs(StatusCode::kFailedPrecondition, "TLS_NOT_YET_VALID"));
}

TEST_F(TlsMaterialTest, AuthoritiesThatAreNoneAreRefused) {
  directory_.Write("ca.pem", authority_.certificate().substr(0, 100));

  EXPECT_THAT(LoadTls({.authorities = directory_.Path("ca.pem")}, clock_.Now()),
              StatusIs(StatusCode::kFailedPrecondition, "TLS_AUTHORITIES"));
}

TEST_F(TlsMaterialTest, AKeyTooWeakForOpensslIsRefused) {
  const PrivateKey weak(EVP_RSA_gen(512U));
  const Certificate certificate = NewCertificate("weak", weak.get(), nullptr, {});
  LOTURA_CHECK(X509_sign(certificate.get(), weak.get(), EVP_sha256()) > 0);

  EXPECT_THAT(Load({PemOf(certificate.get()), PemOf(weak.get())}),
              StatusIs(StatusCode::kFailedPrecondition, "TLS_CERTIFICATE"));
}

}  // namespace
}  // namespace lotura::rpc
