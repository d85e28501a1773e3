// Reads as they are noted, and as some of them are stored together.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libs/audit/sight.h"
#include "libs/base/clock.h"
#include "libs/base/uuid.h"
#include "lotura/audit/v1/audit_service.pb.h"
#include "lotura/audit/v1/read_page.pb.h"

namespace lotura::audit {

// The reads of a page were noted within so long a time.
inline constexpr std::chrono::seconds kPageSpan{10};

// An answer that was given to somebody.
struct Read {
  TenantId tenant;
  std::string caller;
  // "accounts.v1.PersonService/GetPerson"; lives as long as the process.
  std::string_view method;
  std::array<std::uint8_t, 16> trace_id{};
  Instant time;
  std::vector<Sight> sights;
};

// Some reads of a tenant.
struct StoredPage {
  TenantId tenant;
  // Of the first and the last of them.
  Instant first;
  Instant last;
  // Tells the page from all others: storing it again changes nothing.
  Uuid id;
  std::int64_t reads = 0;
  // A serialized ReadPage.
  std::string content;
};

// One page for each tenant, and one more where more than kPageSpan lies between two reads.
std::vector<StoredPage> PagesOf(std::span<const Read> reads, IdSource& ids);

// What somebody looks for in pages; empty: anything.
struct ReadFilter {
  Instant from;
  Instant until;
  std::string caller;
  std::string record;
};

// The reads of a page that fit, of each what fits. Nothing for a page that cannot be read.
std::optional<std::vector<v1::ReadEntry>> ReadsIn(const StoredPage& page, const ReadFilter& filter);

}  // namespace lotura::audit
