// Signatures with Ed25519 (RFC 8032), on OpenSSL.
#pragma once

#include <absl/status/statusor.h>

#include <memory>
#include <string>
#include <string_view>

struct evp_pkey_st;

namespace lotura {

// Tells whether a text was signed. Cheap to copy, thread-safe.
class VerifyKey {
 public:
  // A public key in PEM ("BEGIN PUBLIC KEY"). INVALID_ARGUMENT KEY_INVALID for anything else.
  static absl::StatusOr<VerifyKey> FromPem(std::string_view pem);

  [[nodiscard]] bool Verify(std::string_view text, std::string_view signature) const;
  // The first 16 hexadecimal digits of SHA-256 over the 32 bytes of the key.
  [[nodiscard]] const std::string& id() const { return id_; }
  [[nodiscard]] std::string ToPem() const;

 private:
  friend class SigningKey;
  explicit VerifyKey(std::shared_ptr<evp_pkey_st> key);

  std::shared_ptr<evp_pkey_st> key_;  // shared by its copies, none of which changes it
  std::string id_;
};

// Signs. Cheap to copy, thread-safe.
class SigningKey {
 public:
  // A private key in PEM ("BEGIN PRIVATE KEY"), as `openssl genpkey -algorithm ed25519` writes it.
  // INVALID_ARGUMENT KEY_INVALID for anything else; the text of the key is in no message.
  static absl::StatusOr<SigningKey> FromPem(std::string_view pem);
  static SigningKey Generate();

  // 64 bytes.
  [[nodiscard]] std::string Sign(std::string_view text) const;
  [[nodiscard]] const VerifyKey& verify_key() const { return verify_key_; }
  [[nodiscard]] std::string ToPem() const;

 private:
  explicit SigningKey(std::shared_ptr<evp_pkey_st> key) : verify_key_(std::move(key)) {}

  // The key pair.
  VerifyKey verify_key_;
};

}  // namespace lotura
