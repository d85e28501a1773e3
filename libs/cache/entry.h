// What stands under a key: a value, the knowledge that there is none, or a lease. One key holds one
// of them, so that every step of the protocol is one atomic operation on one key.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "libs/cache/cache.h"

namespace lotura::cache {

enum class Unusable { kCorrupt, kOtherLayout };
using Stored = std::variant<Hit, Negative, Lease, Unusable>;

// The checksum covers key, layout and version too: bytes that were stored elsewhere are corrupt
// here.
std::string EncodeEntry(const Key& key, const Entry& entry);
std::string EncodeNegative(const Key& key);
std::string EncodeLease(const Lease& lease);
Stored Decode(const Key& key, std::string_view bytes);

// Makes tokens that no other process makes either.
Lease NewLease();

}  // namespace lotura::cache
