#include "libs/audit/search.h"

#include <algorithm>
#include <charconv>

#include "libs/base/calendar.h"
#include "libs/base/errors.h"
#include "libs/base/text.h"
#include "libs/resource/lister.h"

namespace lotura::audit {
namespace {

constexpr std::chrono::hours kPeriodDefault{24};
// What a page looks at, at most: pages of reads, a few at a time, and seals, as many as a read of
// them brings.
constexpr std::int64_t kPagesAtOnce = 16;
constexpr int kRoundsMax = 64;
// The values of a place: time and id of a page, and of its reads; number of a seal, and of its
// entries.
constexpr std::size_t kReadPlace = 3;
constexpr std::size_t kChangePlace = 2;
// The times at the end of a token.
constexpr std::size_t kTimesInToken = 2;
// Entries of one answer are fewer once they have so many bytes.
constexpr std::size_t kAnswerBytes = 2 << 20;
// The transaction of an entry begins before it is sealed, by the time of the longest transaction.
constexpr std::chrono::minutes kLongestTransaction{10};
// A seal has the time of the process that made it, taken before it read the entries, and an entry
// that of the database: so far the one may seem to lie before the other.
constexpr std::chrono::minutes kSealedBefore{1};

std::int64_t NumberOf(const std::string& text) {
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

Instant InstantOf(const std::string& text) {
  return Instant(std::chrono::microseconds(NumberOf(text)));
}

std::string TextOf(Instant instant) { return std::to_string(instant.time_since_epoch().count()); }

template <typename Request>
void CheckPeriod(const Call& call, const Request& request, Search& search, Violations& violations) {
  ReadFilter& filter = search.filter;
  filter.until = request.has_end_time() ? ToInstant(request.end_time()) : call.now;
  filter.from =
      request.has_start_time() ? ToInstant(request.start_time()) : filter.until - kPeriodDefault;
  if (filter.until < filter.from) violations.Add("end_time", "PERIOD", "is before the start");
}

// A period that is not given is that of the first page, which its token tells: it is not part of
// the query.
template <typename Request>
Sha256Digest DigestOf(Request request) {
  request.clear_page_token();
  request.clear_page_size();
  return Sha256(request.SerializeAsString());
}

template <typename Request>
absl::StatusOr<Search> Check(const Call& call, const Request& request, const std::string& who,
                             const char* who_field, const resource::PageTokens& tokens,
                             std::size_t place_values) {
  Search search;
  Violations violations;
  CheckPeriod(call, request, search, violations);
  if (request.page_size() < 0) violations.Add("page_size", "OUT_OF_RANGE", "is negative");
  if (HasNul(who)) violations.Add(who_field, "NUL_CHARACTER", "contains the character NUL");
  if (HasNul(request.record()))
    violations.Add("record", "NUL_CHARACTER", "contains the character NUL");
  LOTURA_RETURN_IF_ERROR(violations.ToStatus());
  search.filter.caller = who;
  search.filter.record = request.record();
  search.page_size = request.page_size() == 0
                         ? resource::kPageSizeDefault
                         : std::min(request.page_size(), resource::kPageSizeMax);
  search.query = DigestOf(request);
  if (request.page_token().empty()) return search;
  LOTURA_ASSIGN_OR_RETURN(const auto cursor, tokens.Open(call, request.page_token(), search.query));
  for (const auto& value : cursor.last) search.place.push_back(value.value_or(""));
  // One of another release.
  if (search.place.size() != place_values + kTimesInToken)
    return InvalidArgument("page_token", "PAGE_TOKEN_INVALID", "is not one of this search");
  search.filter.until = InstantOf(search.place.back());
  search.place.pop_back();
  search.filter.from = InstantOf(search.place.back());
  search.place.pop_back();
  return search;
}

std::string TokenAt(const Call& call, const Search& search, const resource::PageTokens& tokens,
                    std::vector<std::string> place) {
  place.push_back(TextOf(search.filter.from));
  place.push_back(TextOf(search.filter.until));
  resource::PageCursor cursor{.query = search.query, .last = {}};
  for (std::string& value : place) cursor.last.emplace_back(std::move(value));
  return tokens.Make(call, cursor);
}

// A search that takes long answers with what it has: the next page goes on.
Deadline InTime(const Call& call) { return Deadline::After(call.deadline.Left() / 2); }

// An answer that grows until it holds enough.
template <typename Response>
class Answer {
 public:
  explicit Answer(const Search& search) : page_size_(search.page_size) {}

  [[nodiscard]] bool IsFull() const {
    return response_.entries_size() >= page_size_ || bytes_ >= kAnswerBytes;
  }
  template <typename Entry>
  void Add(Entry entry) {
    bytes_ += entry.ByteSizeLong();
    *response_.add_entries() = std::move(entry);
  }
  Response Finish(std::string next_page_token) {
    response_.set_next_page_token(std::move(next_page_token));
    return std::move(response_);
  }

 private:
  const std::int32_t page_size_;
  std::size_t bytes_ = 0;
  Response response_;
};

bool Fits(const v1::Entry& entry, const ReadFilter& filter) {
  const Instant time = ToInstant(entry.create_time());
  return time >= filter.from && time < filter.until &&
         (filter.caller.empty() || entry.actor() == filter.caller) &&
         (filter.record.empty() || entry.name() == filter.record);
}

v1::Entry WithoutStates(v1::Entry entry) {
  entry.clear_before_plain();
  entry.clear_before_personal();
  entry.clear_after_plain();
  entry.clear_after_personal();
  entry.clear_detail();
  return entry;
}

// Nothing behind this seal can have been made before the end of the period.
bool IsBehind(const v1::SealedEntries& sealed, const ReadFilter& filter) {
  return !sealed.entries().empty() &&
         std::ranges::all_of(sealed.entries(), [&](const v1::Entry& entry) {
           return ToInstant(entry.create_time()) >= filter.until + kLongestTransaction;
         });
}

}  // namespace

absl::StatusOr<Search> SearchOf(const Call& call, const v1::SearchReadsRequest& request,
                                const resource::PageTokens& tokens) {
  return Check(call, request, request.caller(), "caller", tokens, kReadPlace);
}

absl::StatusOr<Search> SearchOf(const Call& call, const v1::SearchChangesRequest& request,
                                const resource::PageTokens& tokens) {
  return Check(call, request, request.actor(), "actor", tokens, kChangePlace);
}

absl::StatusOr<v1::SearchReadsResponse> SearchReads(const Call& call, const Search& search,
                                                    PgReads& reads,
                                                    const resource::PageTokens& tokens) {
  Answer<v1::SearchReadsResponse> answer(search);
  const Deadline in_time = InTime(call);
  PagePlace behind{.first = search.filter.from - 2 * kPageSpan, .id = {}};
  std::size_t taken = 0;
  if (search.place.size() == kReadPlace) {
    behind = {.first = InstantOf(search.place[0]),
              .id = Uuid::Parse(search.place[1]).value_or(Uuid())};
    taken = static_cast<std::size_t>(NumberOf(search.place[2]));
  }
  const auto token = [&](std::size_t of_page) {
    return TokenAt(call, search, tokens,
                   {TextOf(behind.first), behind.id.ToString(), std::to_string(of_page)});
  };
  for (int round = 0; round < kRoundsMax; ++round) {
    LOTURA_ASSIGN_OR_RETURN(const auto pages, reads.Read(call.principal.tenant, search.filter,
                                                         behind, kPagesAtOnce, call.deadline));
    for (const StoredPage& page : pages) {
      auto found = ReadsIn(page, search.filter);
      if (!found.has_value()) return Internal("a page of the log of reads cannot be read");
      for (; taken < found->size(); ++taken) {
        if (answer.IsFull()) return answer.Finish(token(taken));
        answer.Add(std::move((*found)[taken]));
      }
      behind = {.first = page.first, .id = page.id};
      taken = 0;
    }
    if (pages.size() < static_cast<std::size_t>(kPagesAtOnce)) return answer.Finish("");
    if (in_time.Passed()) break;
  }
  return answer.Finish(token(0));
}

absl::StatusOr<v1::SearchChangesResponse> SearchChanges(const Call& call, const Search& search,
                                                        PgSeals& seals,
                                                        const resource::PageTokens& tokens) {
  Answer<v1::SearchChangesResponse> answer(search);
  const Deadline in_time = InTime(call);
  std::int64_t number = 0;
  int taken = 0;
  if (search.place.size() == kChangePlace) {
    number = NumberOf(search.place[0]);
    taken = static_cast<int>(NumberOf(search.place[1]));
  }
  const auto token = [&] {
    return TokenAt(call, search, tokens, {std::to_string(number), std::to_string(taken)});
  };
  const Instant since = search.filter.from - kSealedBefore;
  for (int round = 0; round < kRoundsMax; ++round) {
    LOTURA_ASSIGN_OR_RETURN(const auto sealed,
                            seals.ReadSince(call.principal.tenant, since, number, call.deadline));
    if (sealed.empty()) return answer.Finish("");
    for (const v1::SealedEntries& one : sealed) {
      if (IsBehind(one, search.filter)) return answer.Finish("");
      for (; taken < one.entries_size(); ++taken) {
        if (!Fits(one.entries(taken), search.filter)) continue;
        if (answer.IsFull()) return answer.Finish(token());
        answer.Add(WithoutStates(one.entries(taken)));
      }
      number = one.seal().number();
      taken = 0;
    }
    if (in_time.Passed()) break;
  }
  return answer.Finish(token());
}

}  // namespace lotura::audit
