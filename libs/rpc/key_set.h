// The public keys of a token issuer, from a JSON Web Key Set (RFC 7517).
#pragma once

#include <absl/status/statusor.h>

#include <map>
#include <memory>
#include <string>
#include <string_view>

struct evp_pkey_st;

namespace lotura::rpc {

enum class Algorithm { kEs256, kRs256 };

// Immutable and thread-safe.
class PublicKey {
 public:
  struct Deleter {
    void operator()(evp_pkey_st* key) const;
  };
  using Handle = std::unique_ptr<evp_pkey_st, Deleter>;

  PublicKey(Algorithm algorithm, Handle key) : algorithm_(algorithm), key_(std::move(key)) {}

  [[nodiscard]] Algorithm algorithm() const { return algorithm_; }
  // Whether `signature`, in the form of RFC 7518, is this key's over `text`.
  [[nodiscard]] bool Verifies(std::string_view text, std::string_view signature) const;

 private:
  Algorithm algorithm_;
  Handle key_;
};

// Keys by their key id. Immutable and thread-safe.
class KeySet {
 public:
  // Keys that are no EC keys on P-256 and no RSA keys of 2048 to 8192 bits, have no id, or are not
  // for signatures are left out. INVALID_ARGUMENT (KEY_SET) if the text is no key set, or no key
  // remains.
  static absl::StatusOr<KeySet> Parse(std::string_view json);

  // Null if there is none.
  [[nodiscard]] const PublicKey* Find(std::string_view id) const;
  [[nodiscard]] std::size_t size() const { return keys_.size(); }

 private:
  std::map<std::string, PublicKey, std::less<>> keys_;
};

}  // namespace lotura::rpc
