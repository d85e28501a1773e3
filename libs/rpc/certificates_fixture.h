// Authorities and certificates that a test makes for itself, with keys that end with it.
#pragma once

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "libs/base/check.h"
#include "libs/base/crypto.h"
#include "libs/rpc/openssl_handles.h"
#include "libs/rpc/tls_material.h"
#include "libs/testing/process.h"

namespace lotura::rpc {

// In PEM.
struct Issued {
  std::string certificate;
  std::string key;
};

struct CertificateSpec {
  // As OpenSSL writes them: "DNS:accounts.test", "URI:spiffe://test/sales", "IP:127.0.0.1".
  std::vector<std::string> names = {"IP:127.0.0.1"};
  // From now on.
  std::chrono::seconds begins = std::chrono::hours(-1);
  std::chrono::seconds ends = std::chrono::hours(1);
};

inline PrivateKey NewKey() {
  PrivateKey key(EVP_EC_gen("P-256"));
  LOTURA_CHECK(key != nullptr);
  return key;
}

// `write` puts something into a BIO.
template <typename Write>
std::string PemBy(const Write& write) {
  const Bio bio(BIO_new(BIO_s_mem()));
  LOTURA_CHECK(write(bio.get()) == 1);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

inline std::string PemOf(X509* certificate) {
  return PemBy([&](BIO* bio) { return PEM_write_bio_X509(bio, certificate); });
}

inline std::string PemOf(EVP_PKEY* key) {
  return PemBy([&](BIO* bio) {
    return PEM_write_bio_PKCS8PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr);
  });
}

inline void AddExtension(X509* certificate, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context{};
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
  LOTURA_CHECK(extension != nullptr);
  LOTURA_CHECK(X509_add_ext(certificate, extension, -1) == 1);
  X509_EXTENSION_free(extension);
}

// Not signed yet. Issued by itself if `issuer` is null.
inline Certificate NewCertificate(const std::string& name, EVP_PKEY* key, X509* issuer,
                                  const CertificateSpec& spec) {
  Certificate certificate(X509_new());
  X509* raw = certificate.get();
  std::array<std::uint8_t, 4> serial{};
  RandomBytes(serial);
  LOTURA_CHECK(X509_set_version(raw, X509_VERSION_3) == 1);
  LOTURA_CHECK(ASN1_INTEGER_set_uint64(X509_get_serialNumber(raw),
                                       serial[0] + 256U * serial[1] + 65536U * serial[2] + 1) == 1);
  X509_gmtime_adj(X509_getm_notBefore(raw), spec.begins.count());
  X509_gmtime_adj(X509_getm_notAfter(raw), spec.ends.count());
  LOTURA_CHECK(X509_NAME_add_entry_by_txt(X509_get_subject_name(raw), "CN", MBSTRING_UTF8,
                                          reinterpret_cast<const unsigned char*>(name.c_str()), -1,
                                          -1, 0) == 1);
  X509_set_issuer_name(raw, X509_get_subject_name(issuer == nullptr ? raw : issuer));
  X509_set_pubkey(raw, key);
  return certificate;
}

// Signs certificates.
class TestAuthority {
 public:
  explicit TestAuthority(const std::string& name = "authority")
      : certificate_(NewCertificate(name, key_.get(), nullptr, {.ends = std::chrono::hours(24)})) {
    AddExtension(certificate_.get(), certificate_.get(), NID_basic_constraints, "critical,CA:TRUE");
    LOTURA_CHECK(X509_sign(certificate_.get(), key_.get(), EVP_sha256()) > 0);
  }

  [[nodiscard]] std::string certificate() const { return PemOf(certificate_.get()); }

  [[nodiscard]] Issued Issue(const CertificateSpec& spec = {}) const {
    const PrivateKey key = NewKey();
    const Certificate leaf = NewCertificate("leaf", key.get(), certificate_.get(), spec);
    AddExtension(leaf.get(), certificate_.get(), NID_basic_constraints, "CA:FALSE");
    if (!spec.names.empty()) {
      AddExtension(leaf.get(), certificate_.get(), NID_subject_alt_name,
                   fmt::format("{}", fmt::join(spec.names, ",")));
    }
    LOTURA_CHECK(X509_sign(leaf.get(), key_.get(), EVP_sha256()) > 0);
    return {PemOf(leaf.get()), PemOf(key.get())};
  }

 private:
  const PrivateKey key_ = NewKey();
  const Certificate certificate_;
};

// Files that are replaced as an operator would: each at once, by another one that takes its name.
class TlsDirectory {
 public:
  void Write(const std::string& name, const std::string& text) const {
    std::ofstream(Path(name + ".new")) << text;
    std::filesystem::rename(Path(name + ".new"), Path(name));
  }
  // The key first.
  void Write(const Issued& own) const {
    Write("own.key", own.key);
    Write("own.pem", own.certificate);
  }
  // Those of a server or client that believes `authorities`.
  [[nodiscard]] TlsFiles Files(const Issued& own, const std::string& authorities) const {
    Write(own);
    Write("ca.pem", authorities);
    return {.certificate = Path("own.pem"),
            .key = Path("own.key"),
            .authorities = authorities.empty() ? std::string() : Path("ca.pem")};
  }
  [[nodiscard]] std::string Path(const std::string& name) const {
    return directory_.path() + "/" + name;
  }

 private:
  const testing::TempDir directory_;
};

}  // namespace lotura::rpc
