// What auditors look for in the logs of a service: who was shown what, and who changed what.
#pragma once

#include <absl/status/statusor.h>

#include <string>

#include "libs/audit/pg_reads.h"
#include "libs/audit/pg_seals.h"
#include "libs/base/call.h"
#include "libs/resource/page_token.h"
#include "lotura/audit/v1/audit_service.pb.h"

namespace lotura::audit {

// A checked request.
struct Search {
  // From, until, who, and which record.
  ReadFilter filter;
  std::int32_t page_size = 0;
  // Of everything that stays the same from page to page.
  Sha256Digest query{};
  // Where to go on; empty at the beginning.
  std::vector<std::string> place;
};

// INVALID_ARGUMENT with all that is wrong: PERIOD, OUT_OF_RANGE, NUL_CHARACTER, and those of page
// tokens.
absl::StatusOr<Search> SearchOf(const Call& call, const v1::SearchReadsRequest& request,
                                const resource::PageTokens& tokens);
absl::StatusOr<Search> SearchOf(const Call& call, const v1::SearchChangesRequest& request,
                                const resource::PageTokens& tokens);

// Each looks at no more than a bounded part of the log, so that a page may hold few entries or none
// while there is more.
absl::StatusOr<v1::SearchReadsResponse> SearchReads(const Call& call, const Search& search,
                                                    PgReads& reads,
                                                    const resource::PageTokens& tokens);
absl::StatusOr<v1::SearchChangesResponse> SearchChanges(const Call& call, const Search& search,
                                                        PgSeals& seals,
                                                        const resource::PageTokens& tokens);

}  // namespace lotura::audit
