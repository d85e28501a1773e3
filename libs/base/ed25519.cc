#include "libs/base/ed25519.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <array>
#include <cstdint>

#include "libs/base/check.h"
#include "libs/base/crypto.h"
#include "libs/base/errors.h"

namespace lotura {
namespace {

constexpr std::size_t kSignatureSize = 64;
constexpr std::size_t kKeySize = 32;
constexpr std::size_t kIdSize = 16;

struct BioDeleter {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
using Bio = std::unique_ptr<BIO, BioDeleter>;

struct DigestDeleter {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Digest = std::unique_ptr<EVP_MD_CTX, DigestDeleter>;

const std::uint8_t* Bytes(std::string_view text) {
  return reinterpret_cast<const std::uint8_t*>(text.data());
}

// Nobody is asked for a password.
int NoPassword(char* /*buffer*/, int /*size*/, int /*writes*/, void* /*user*/) { return 0; }

using KeyPtr = std::shared_ptr<evp_pkey_st>;

// Null for what is no Ed25519 key.
template <typename Read>
KeyPtr ReadKey(std::string_view pem, const Read& read) {
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  KeyPtr key(read(bio.get(), nullptr, NoPassword, nullptr), EVP_PKEY_free);
  return key != nullptr && EVP_PKEY_get_id(key.get()) == EVP_PKEY_ED25519 ? key : nullptr;
}

template <typename Write>
std::string ToText(const Write& write) {
  const Bio bio(BIO_new(BIO_s_mem()));
  LOTURA_CHECK(write(bio.get()) == 1);
  char* text = nullptr;
  const auto size = BIO_get_mem_data(bio.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

std::string IdOf(EVP_PKEY* key) {
  std::string raw(kKeySize, '\0');
  std::size_t size = raw.size();
  LOTURA_CHECK(
      EVP_PKEY_get_raw_public_key(key, reinterpret_cast<std::uint8_t*>(raw.data()), &size) == 1);
  return ToHex(Sha256(raw)).substr(0, kIdSize);
}

}  // namespace

VerifyKey::VerifyKey(std::shared_ptr<evp_pkey_st> key)
    : key_(std::move(key)), id_(IdOf(key_.get())) {}

absl::StatusOr<VerifyKey> VerifyKey::FromPem(std::string_view pem) {
  KeyPtr key = ReadKey(pem, PEM_read_bio_PUBKEY);
  if (key == nullptr)
    return InvalidArgument("key", "KEY_INVALID", "is not a public key of Ed25519 in PEM");
  return VerifyKey(std::move(key));
}

bool VerifyKey::Verify(std::string_view text, std::string_view signature) const {
  const Digest context(EVP_MD_CTX_new());
  LOTURA_CHECK(EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key_.get()) == 1);
  return EVP_DigestVerify(context.get(), Bytes(signature), signature.size(), Bytes(text),
                          text.size()) == 1;
}

std::string VerifyKey::ToPem() const {
  return ToText([&](BIO* bio) { return PEM_write_bio_PUBKEY(bio, key_.get()); });
}

absl::StatusOr<SigningKey> SigningKey::FromPem(std::string_view pem) {
  KeyPtr key = ReadKey(pem, PEM_read_bio_PrivateKey);
  if (key == nullptr)
    return InvalidArgument("key", "KEY_INVALID", "is not a private key of Ed25519 in PEM");
  return SigningKey(std::move(key));
}

SigningKey SigningKey::Generate() {
  EVP_PKEY* key = EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
  LOTURA_CHECK(key != nullptr);
  return SigningKey(KeyPtr(key, EVP_PKEY_free));
}

std::string SigningKey::Sign(std::string_view text) const {
  const Digest context(EVP_MD_CTX_new());
  std::string signature(kSignatureSize, '\0');
  std::size_t size = signature.size();
  EVP_PKEY* const key = verify_key_.key_.get();
  LOTURA_CHECK(EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key) == 1);
  LOTURA_CHECK(EVP_DigestSign(context.get(), reinterpret_cast<std::uint8_t*>(signature.data()),
                              &size, Bytes(text), text.size()) == 1);
  return signature;
}

std::string SigningKey::ToPem() const {
  return ToText([&](BIO* bio) {
    return PEM_write_bio_PrivateKey(bio, verify_key_.key_.get(), nullptr, nullptr, 0, nullptr,
                                    nullptr);
  });
}

}  // namespace lotura
