#include "libs/resource/page_token.h"

#include <fmt/format.h>

#include <cstring>
#include <fstream>

#include "libs/base/errors.h"
#include "libs/base/text.h"
#include "libs/mutant/use.h"

namespace lotura::resource {
namespace {

constexpr std::size_t kTokenSizeMax = 8192;
constexpr std::size_t kValuesMax = 16;
constexpr std::size_t kKeyFileSizeMax = 4096;

absl::Status Wrong(std::string reason, std::string description) {
  return InvalidArgument("page_token", std::move(reason), std::move(description));
}

std::string AssociatedData(const Call& call) {
  if (mutant::Omits("tenant.token")) return call.method;
  return call.method + "\n" + call.principal.tenant.value.ToString();
}

void PutNumber(std::string& out, std::uint64_t number) {
  for (int shift = 56; shift >= 0; shift -= 8) out += static_cast<char>((number >> shift) & 0xFF);
}

void PutText(std::string& out, std::string_view text) {
  PutNumber(out, text.size());
  out.append(text);
}

// Reads what Put wrote; a token that is too short or too long for it is not ours.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  std::uint64_t Number() {
    if (rest_.size() < 8) return Fail();
    std::uint64_t number = 0;
    for (int i = 0; i < 8; ++i)
      number = (number << 8) | static_cast<unsigned char>(rest_[static_cast<std::size_t>(i)]);
    rest_.remove_prefix(8);
    return number;
  }
  std::string Text() {
    const std::uint64_t size = Number();
    if (size > rest_.size()) {
      Fail();
      return {};
    }
    std::string text(rest_.substr(0, size));
    rest_.remove_prefix(size);
    return text;
  }
  [[nodiscard]] bool Done() const { return ok_ && rest_.empty(); }

 private:
  std::uint64_t Fail() {
    ok_ = false;
    rest_ = {};
    return 0;
  }

  std::string_view rest_;
  bool ok_ = true;
};

std::string_view View(const Sha256Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

std::uint64_t Seconds(Instant time) {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count());
}

}  // namespace

absl::StatusOr<PageTokens> PageTokens::Create(std::vector<TokenKey> keys) {
  const bool different = keys.size() < 2 || keys[0].id != keys[1].id;
  if (keys.empty() || keys.size() > 2 || !different)
    return InvalidArgument("page-token-keys", "KEYS_INVALID",
                           "one or two keys with different ids are needed");
  return PageTokens(std::move(keys));
}

absl::StatusOr<PageTokens> PageTokens::FromText(std::string_view text) {
  std::vector<TokenKey> keys;
  for (const std::string_view line : Split(text, '\n')) {
    if (Trim(line).empty()) continue;
    const auto parts = Split(Trim(line), ':');
    const auto bytes = parts.size() == 2 ? FromBase64(parts[1]) : std::nullopt;
    TokenKey key;
    if (!bytes.has_value() || bytes->size() != key.key.size() || parts[0].empty())
      return InvalidArgument("page-token-keys", "KEYS_INVALID",
                             "a line is not keyid:base64-of-32-bytes");
    key.id = parts[0];
    std::memcpy(key.key.data(), bytes->data(), key.key.size());
    keys.push_back(std::move(key));
  }
  return Create(std::move(keys));
}

absl::StatusOr<PageTokens> PageTokens::FromFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text(kKeyFileSizeMax, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!file.is_open() || file.bad() || !file.eof()) {
    return InvalidArgument(
        "page-token-keys", "KEYS_INVALID",
        fmt::format("'{}' cannot be read, or is larger than {} bytes", path, kKeyFileSizeMax));
  }
  text.resize(static_cast<std::size_t>(file.gcount()));
  return FromText(text);
}

std::string PageTokens::Make(const Call& call, const PageCursor& cursor) const {
  std::string plain;
  PutText(plain, View(cursor.query));
  PutText(plain, call.principal.name);
  PutNumber(plain, Seconds(call.now + kLifetime));
  PutNumber(plain, cursor.last.size());
  for (const auto& value : cursor.last) {
    PutNumber(plain, value.has_value() ? 1 : 0);
    if (value.has_value()) PutText(plain, *value);
  }
  return SealText(plain, AssociatedData(call));
}

std::string PageTokens::SealText(std::string_view plain, std::string_view associated) const {
  std::string sealed;
  PutText(sealed, keys_.front().id);
  sealed += Seal(keys_.front().key, plain, associated);
  return ToBase64Url(sealed);
}

std::optional<std::string> PageTokens::OpenText(const std::string& token,
                                                std::string_view associated) const {
  const auto sealed = token.size() > kTokenSizeMax ? std::nullopt : FromBase64Url(token);
  // Decoders overlook some changes: of spaces, of the last bits. A token is one text.
  if (!sealed.has_value() || ToBase64Url(*sealed) != token) return std::nullopt;
  Reader envelope(*sealed);
  const std::string key_id = envelope.Text();
  const auto key = std::ranges::find(keys_, key_id, &TokenKey::id);
  if (key == keys_.end()) return std::nullopt;
  return Unseal(key->key, std::string_view(*sealed).substr(8 + key_id.size()), associated);
}

std::string PageTokens::MarkOf(std::string_view plain, std::string_view associated) const {
  constexpr std::size_t kMarkBytes = 16;
  const AesKey& key = keys_.front().key;
  std::string text;
  PutText(text, associated);
  PutText(text, plain);
  const Sha256Digest digest =
      HmacSha256({reinterpret_cast<const char*>(key.data()), key.size()}, text);
  return ToBase64Url(View(digest).substr(0, kMarkBytes));
}

absl::StatusOr<PageCursor> PageTokens::Open(const Call& call, const std::string& token,
                                            const Sha256Digest& query) const {
  const absl::Status invalid = Wrong("PAGE_TOKEN_INVALID", "is not a token of this list");
  const auto plain = OpenText(token, AssociatedData(call));
  if (!plain.has_value()) return invalid;
  Reader reader(*plain);
  PageCursor cursor;
  const std::string sealed_query = reader.Text();
  const std::string principal = reader.Text();
  const std::uint64_t expiry = reader.Number();
  const std::uint64_t count = reader.Number();
  for (std::uint64_t i = 0; i < std::min<std::uint64_t>(count, kValuesMax); ++i) {
    cursor.last.push_back(reader.Number() == 0 ? std::nullopt : std::optional(reader.Text()));
  }
  if (!reader.Done()) return invalid;
  if (expiry <= Seconds(call.now))
    return Wrong("PAGE_TOKEN_EXPIRED", "has expired; read the list from its beginning");
  if (principal != call.principal.name || sealed_query != View(query))
    return Wrong("PAGE_TOKEN_MISMATCH", "belongs to another caller or another query");
  cursor.query = query;
  return cursor;
}

}  // namespace lotura::resource
