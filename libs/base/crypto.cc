#include "libs/base/crypto.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <cstring>
#include <memory>

#include "libs/base/check.h"

namespace lotura {
namespace {

constexpr std::size_t kNonceSize = 12;
constexpr std::size_t kTagSize = 16;

struct CipherDeleter {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using Cipher = std::unique_ptr<EVP_CIPHER_CTX, CipherDeleter>;

const std::uint8_t* Bytes(std::string_view text) {
  return reinterpret_cast<const std::uint8_t*>(text.data());
}
std::uint8_t* Bytes(std::string& text) { return reinterpret_cast<std::uint8_t*>(text.data()); }
int Size(std::string_view text) { return static_cast<int>(text.size()); }

std::optional<std::string> Decode(std::string text, char last, char before_last) {
  for (char& c : text) {
    if (c == last) c = '/';
    if (c == before_last) c = '+';
  }
  const std::size_t size = text.size();
  if (size % 4 == 1) return std::nullopt;
  const std::size_t missing = (4 - size % 4) % 4;
  text.append(missing, '=');
  std::string bytes(text.size() / 4 * 3, '\0');
  const int decoded = EVP_DecodeBlock(Bytes(bytes), Bytes(std::string_view(text)), Size(text));
  if (decoded < 0) return std::nullopt;
  std::size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
  bytes.resize(static_cast<std::size_t>(decoded) - padding);
  return bytes;
}

// OpenSSL's generator costs microseconds a call, whatever it is asked for: ids take their bytes
// from a larger helping. No byte is given out twice.
class RandomPool {
 public:
  void Take(std::span<std::uint8_t> out) {
    if (out.size() > left_) Fill();
    std::uint8_t* from = bytes_.data() + (bytes_.size() - left_);
    std::memcpy(out.data(), from, out.size());
    OPENSSL_cleanse(from, out.size());
    left_ -= out.size();
  }

  static constexpr std::size_t kTakeMax = 64;

 private:
  void Fill() {
    LOTURA_CHECK(RAND_bytes(bytes_.data(), static_cast<int>(bytes_.size())) == 1);
    left_ = bytes_.size();
  }

  std::array<std::uint8_t, 16 * kTakeMax> bytes_{};
  std::size_t left_ = 0;
};

struct DigestDeleter {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

}  // namespace

void RandomBytes(std::span<std::uint8_t> out) {
  thread_local RandomPool pool;
  if (out.size() <= RandomPool::kTakeMax) {
    pool.Take(out);
  } else {
    LOTURA_CHECK(RAND_bytes(out.data(), static_cast<int>(out.size())) == 1);
  }
}

bool IsSameDigest(const Sha256Digest& one, const Sha256Digest& other) {
  return CRYPTO_memcmp(one.data(), other.data(), one.size()) == 0;
}

Sha256Digest Sha256(std::string_view text) {
  // Looking the algorithm up costs more than a short text.
  static const EVP_MD* const kAlgorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  thread_local std::unique_ptr<EVP_MD_CTX, DigestDeleter> context(EVP_MD_CTX_new());
  Sha256Digest digest;
  LOTURA_CHECK(EVP_DigestInit_ex2(context.get(), kAlgorithm, nullptr) == 1);
  LOTURA_CHECK(EVP_DigestUpdate(context.get(), text.data(), text.size()) == 1);
  LOTURA_CHECK(EVP_DigestFinal_ex(context.get(), digest.data(), nullptr) == 1);
  return digest;
}

Sha256Digest HmacSha256(std::string_view key, std::string_view text) {
  Sha256Digest digest;
  unsigned size = digest.size();
  LOTURA_CHECK(HMAC(EVP_sha256(), key.data(), Size(key), Bytes(text), text.size(), digest.data(),
                    &size) != nullptr);
  return digest;
}

std::string Seal(const AesKey& key, std::string_view plain, std::string_view associated) {
  std::string sealed(kNonceSize + plain.size() + kTagSize, '\0');
  RandomBytes({Bytes(sealed), kNonceSize});
  const Cipher cipher(EVP_CIPHER_CTX_new());
  int written = 0;
  LOTURA_CHECK(
      EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, key.data(), Bytes(sealed)) == 1);
  LOTURA_CHECK(
      EVP_EncryptUpdate(cipher.get(), nullptr, &written, Bytes(associated), Size(associated)) == 1);
  LOTURA_CHECK(EVP_EncryptUpdate(cipher.get(), Bytes(sealed) + kNonceSize, &written, Bytes(plain),
                                 Size(plain)) == 1);
  LOTURA_CHECK(
      EVP_EncryptFinal_ex(cipher.get(), Bytes(sealed) + kNonceSize + plain.size(), &written) == 1);
  LOTURA_CHECK(EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, kTagSize,
                                   Bytes(sealed) + kNonceSize + plain.size()) == 1);
  return sealed;
}

std::optional<std::string> Unseal(const AesKey& key, std::string_view sealed,
                                  std::string_view associated) {
  if (sealed.size() < kNonceSize + kTagSize) return std::nullopt;
  const std::string_view body = sealed.substr(kNonceSize, sealed.size() - kNonceSize - kTagSize);
  std::string tag(sealed.substr(sealed.size() - kTagSize));
  std::string plain(body.size(), '\0');
  const Cipher cipher(EVP_CIPHER_CTX_new());
  int written = 0;
  LOTURA_CHECK(
      EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, key.data(), Bytes(sealed)) == 1);
  LOTURA_CHECK(
      EVP_DecryptUpdate(cipher.get(), nullptr, &written, Bytes(associated), Size(associated)) == 1);
  LOTURA_CHECK(EVP_DecryptUpdate(cipher.get(), Bytes(plain), &written, Bytes(body), Size(body)) ==
               1);
  LOTURA_CHECK(EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, kTagSize, Bytes(tag)) == 1);
  std::array<std::uint8_t, kTagSize> rest{};
  if (EVP_DecryptFinal_ex(cipher.get(), rest.data(), &written) != 1) return std::nullopt;
  return plain;
}

std::string ToBase64Url(std::string_view bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int size = EVP_EncodeBlock(Bytes(text), Bytes(bytes), Size(bytes));
  text.resize(static_cast<std::size_t>(size));
  while (!text.empty() && text.back() == '=') text.pop_back();
  for (char& c : text) {
    if (c == '+') c = '-';
    if (c == '/') c = '_';
  }
  return text;
}

std::optional<std::string> FromBase64Url(std::string_view text) {
  if (text.find_first_of("+/=") != std::string_view::npos) return std::nullopt;
  return Decode(std::string(text), '_', '-');
}

std::optional<std::string> FromBase64(std::string_view text) {
  while (!text.empty() && text.back() == '=') text.remove_suffix(1);
  if (text.find_first_of("-_=") != std::string_view::npos) return std::nullopt;
  return Decode(std::string(text), '/', '+');
}

}  // namespace lotura
