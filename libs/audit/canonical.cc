#include "libs/audit/canonical.h"

namespace lotura::audit {

Canonical& Canonical::Text(std::string_view text) {
  Number(static_cast<std::int64_t>(text.size()));
  bytes_.append(text);
  return *this;
}

Canonical& Canonical::Number(std::int64_t number) {
  for (int shift = 56; shift >= 0; shift -= 8)
    bytes_.push_back(static_cast<char>(static_cast<std::uint64_t>(number) >> shift & 0xff));
  return *this;
}

Canonical& Canonical::Texts(std::span<const std::string> texts) {
  Number(static_cast<std::int64_t>(texts.size()));
  for (const std::string& text : texts) Text(text);
  return *this;
}

std::string ToBytes(const Sha256Digest& digest) { return {digest.begin(), digest.end()}; }

}  // namespace lotura::audit
