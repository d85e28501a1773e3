#include "services/communications/list_timeline.h"

#include <fmt/format.h>

#include <charconv>

#include "libs/base/calendar.h"
#include "libs/base/text.h"
#include "libs/resource/codec.h"
#include "libs/resource/references.h"
#include "services/communications/domain/reasons.h"
#include "services/communications/queries.sql.h"
#include "services/communications/timeline_sight.h"

namespace lotura::communications {
namespace {

constexpr std::int32_t kPageSizeDefault = 50;
constexpr std::int32_t kPageSizeMax = 1000;
constexpr int kKindsMax = 20;
// So many entries are read at once where many are not the caller's to see, and so many for a page.
constexpr std::size_t kStretch = 500;
constexpr std::size_t kEntriesMax = 10'000;

// Where a page begins: after the entry of this time and id.
struct Position {
  // Later than any entry.
  Instant time = Day(std::chrono::year(10'000) / 1 / 1);
  std::string entry_id;
};

// Of a stretch: how many entries are read, and how many the page has room for.
struct Size {
  std::size_t read = 0;
  std::size_t wanted = 0;
};

// A checked request.
struct Query {
  std::string record;
  std::vector<std::string> kinds;
  std::size_t page_size = 0;
  Sha256Digest digest{};
  Position after;
};

absl::StatusOr<Position> PositionOf(const resource::PageCursor& cursor) {
  Position position;
  if (cursor.last.size() == 2) {
    const std::string text = cursor.last[0].value_or("");
    std::int64_t microseconds = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), microseconds);
    position.time = Instant(std::chrono::microseconds(microseconds));
    position.entry_id = cursor.last[1].value_or("");
    if (error == std::errc() && end == text.data() + text.size()) return position;
  }
  return InvalidArgument("page_token", "PAGE_TOKEN_INVALID", "is not a token of this list");
}

resource::PageCursor CursorAt(const Query& query, const Position& last) {
  return {query.digest, {std::to_string(last.time.time_since_epoch().count()), last.entry_id}};
}

void ReadRecord(const std::string& record, Query& query, Violations& violations) {
  if (HasNul(record)) {
    violations.Add("record", reasons::kNulCharacter, "contains the character NUL");
  } else if (!resource::IsFullName(record)) {
    violations.Add("record", reasons::kRecordName,
                   "is not a full name, \"//accounts.lotura/organizations/{organization}\"");
  }
  query.record = record;
}

void ReadKinds(const google::protobuf::RepeatedField<int>& kinds, Query& query,
               Violations& violations) {
  if (kinds.size() > kKindsMax) {
    return violations.Add(
        "kinds", reasons::kTooMany,
        fmt::format("has {} items, at most {} are allowed", kinds.size(), kKindsMax));
  }
  for (int i = 0; i < kinds.size(); ++i) {
    if (kinds[i] == v1::TimelineEntry::KIND_UNSPECIFIED ||
        !v1::TimelineEntry::Kind_IsValid(kinds[i])) {
      violations.Add(fmt::format("kinds[{}]", i), reasons::kEnumUnknown, "is not a kind of entry");
    }
    query.kinds.push_back(resource::EnumText(*v1::TimelineEntry::Kind_descriptor(), kinds[i]));
  }
  std::ranges::sort(query.kinds);
}

absl::StatusOr<Query> ReadRequest(const Call& call, const v1::ListTimelineRequest& request,
                                  const resource::PageTokens& tokens) {
  Query query;
  Violations violations;
  ReadRecord(request.record(), query, violations);
  ReadKinds(request.kinds(), query, violations);
  if (request.page_size() < 0) violations.Add("page_size", reasons::kOutOfRange, "is negative");
  LOTURA_RETURN_IF_ERROR(violations.ToStatus());
  query.page_size = static_cast<std::size_t>(
      request.page_size() == 0 ? kPageSizeDefault : std::min(request.page_size(), kPageSizeMax));
  query.digest = Sha256(fmt::format("{}\n{}", query.record, fmt::join(query.kinds, ",")));
  if (!request.page_token().empty()) {
    LOTURA_ASSIGN_OR_RETURN(const resource::PageCursor cursor,
                            tokens.Open(call, request.page_token(), query.digest));
    LOTURA_ASSIGN_OR_RETURN(query.after, PositionOf(cursor));
  }
  return query;
}

// Columns as the statement lists them.
void ReadEntry(const pg::Rows& rows, std::size_t i, v1::TimelineEntry& entry) {
  entry.set_entry_id(rows.String(i, 0));
  *entry.mutable_time() = ToTimestamp(rows.Time(i, 1));
  const auto kind = resource::EnumNumber(*v1::TimelineEntry::Kind_descriptor(), rows.Text(i, 2));
  entry.set_kind(static_cast<v1::TimelineEntry::Kind>(kind.value_or(0)));
  entry.set_source(rows.String(i, 3));
  entry.set_source_display_name(rows.String(i, 4));
  entry.set_event_type(rows.String(i, 5));
  if (!IsActivity(entry)) entry.set_version(rows.Int(i, 6));
  entry.set_actor(rows.String(i, 7));
  for (const std::string_view path : Split(rows.Text(i, 8), ',')) {
    if (!path.empty()) entry.mutable_changed_fields()->add_paths(std::string(path));
  }
  if (!rows.IsNull(i, 9)) entry.mutable_detail()->ParseFromString(rows.Bytes(i, 9));
}

// Puts the activities into their entries, as they are now; one that is deleted is left out.
absl::Status AddActivities(const Call& call, host::QueryContext& context,
                           std::vector<v1::TimelineEntry>& entries) {
  std::vector<std::string> names;
  for (const v1::TimelineEntry& entry : entries) {
    if (IsActivity(entry)) names.push_back(entry.entry_id());
  }
  if (names.empty()) return absl::OkStatus();
  const resource::RecordType& type = *context.catalog.Find(v1::Activity::descriptor());
  LOTURA_ASSIGN_OR_RETURN(
      const auto activities,
      context.store.Load(*type.declaration, call.principal.tenant, names, call.deadline));
  auto next = activities.begin();
  for (v1::TimelineEntry& entry : entries) {
    if (!IsActivity(entry)) continue;
    const std::optional<resource::Record>& activity = *next++;
    if (activity.has_value() && !activity->deleted)
      *entry.mutable_activity() = static_cast<const v1::Activity&>(*activity->message);
  }
  return absl::OkStatus();
}

Position PositionOf(const v1::TimelineEntry& entry) {
  return {ToInstant(entry.time()), entry.entry_id()};
}

// Entries that stand one behind the other, without those that the caller may not see.
struct Stretch {
  std::vector<v1::TimelineEntry> entries;
  // The last one that was looked at.
  Position end;
  bool is_last = true;
};

// Looks at the next `size` entries, until there are as many as are wanted.
absl::StatusOr<Stretch> ReadStretch(const Call& call, const Query& query, Size size,
                                    TimelineSight& sight, host::QueryContext& context) {
  Stretch stretch;
  LOTURA_RETURN_IF_ERROR(context.database.Read(call.deadline, [&](pg::Tx& tx) {
    stretch = {.entries = {}, .end = query.after, .is_last = true};
    // What may not be read looks like what is not there, and is answered as soon.
    if (!sight.SeesRecord(tx)) return absl::OkStatus();
    const pg::Rows rows =
        tx.Run(sql::kTimelinePage, pg::Params()
                                       .Tenant(call.principal.tenant)
                                       .Text(query.record)
                                       .Time(query.after.time)
                                       .Text(query.after.entry_id)
                                       .Texts(query.kinds)
                                       .Int(static_cast<std::int64_t>(size.read)));
    if (rows.empty()) return absl::OkStatus();
    stretch.entries.assign(rows.size(), {});
    for (std::size_t i = 0; i < rows.size(); ++i) ReadEntry(rows, i, stretch.entries[i]);
    stretch.end = PositionOf(stretch.entries.back());
    stretch.is_last = rows.size() < size.read;
    sight.Sieve(tx, stretch.entries);
    return absl::OkStatus();
  }));
  // Activities are read whole: not more of them than the page has room for.
  if (stretch.entries.size() > size.wanted) {
    stretch.entries.resize(size.wanted);
    stretch.end = PositionOf(stretch.entries.back());
    stretch.is_last = false;
  }
  LOTURA_RETURN_IF_ERROR(AddActivities(call, context, stretch.entries));
  return stretch;
}

}  // namespace

absl::StatusOr<v1::ListTimelineResponse> ListTimeline(const Call& call,
                                                      const v1::ListTimelineRequest& request,
                                                      host::QueryContext& context) {
  LOTURA_ASSIGN_OR_RETURN(Query query, ReadRequest(call, request, context.page_tokens));
  TimelineSight sight(call, query.record, context.catalog);
  v1::ListTimelineResponse response;
  const auto end_at = [&](const Position& last) {
    response.set_next_page_token(context.page_tokens.Make(call, CursorAt(query, last)));
    return std::move(response);
  };
  // One more than the page: whether another one comes depends on what the caller may see.
  std::size_t wanted = query.page_size + 1;
  for (std::size_t looked_at = 0; looked_at < kEntriesMax;) {
    const Size size = {looked_at == 0 ? wanted : std::max(wanted, kStretch), wanted};
    LOTURA_ASSIGN_OR_RETURN(Stretch stretch, ReadStretch(call, query, size, sight, context));
    for (v1::TimelineEntry& entry : stretch.entries) {
      if (!sight.Trim(entry)) continue;
      if (--wanted == 0) return end_at(PositionOf(*response.entries().rbegin()));
      *response.add_entries() = std::move(entry);
    }
    if (stretch.is_last) return response;
    query.after = stretch.end;
    looked_at += size.read;
  }
  return end_at(query.after);
}

}  // namespace lotura::communications
