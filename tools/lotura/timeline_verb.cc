#include "tools/lotura/timeline_verb.h"

#include <fmt/format.h>

#include "libs/base/errors.h"
#include "lotura/communications/v1/timeline.pb.h"
#include "lotura/sales/v1/opportunity.pb.h"
#include "tools/lotura/api/field_text.h"
#include "tools/lotura/terminal/table.h"

namespace lotura::cli {
namespace {

using communications::v1::ListTimelineRequest;
using communications::v1::ListTimelineResponse;
using communications::v1::TimelineEntry;

constexpr std::size_t kPageSize = 200;

// "won" of "pipelines/b2b/stages/won".
std::string LastPart(const std::string& name) { return name.substr(name.rfind('/') + 1); }

std::string DetailText(const TimelineEntry& entry) {
  if (entry.has_activity()) return entry.activity().subject();
  sales::v1::OpportunityMoved moved;
  if (entry.detail().UnpackTo(&moved))
    return fmt::format("{} to {}", LastPart(moved.from_stage()), LastPart(moved.to_stage()));
  sales::v1::OpportunityReopened reopened;
  if (entry.detail().UnpackTo(&reopened))
    return fmt::format("{} to {}", LastPart(reopened.from_stage()), LastPart(reopened.to_stage()));
  return api::ToText(entry, *TimelineEntry::descriptor()->FindFieldByName("changed_fields"));
}

std::string FieldText(const TimelineEntry& entry, const char* field) {
  return api::ToText(entry, *TimelineEntry::descriptor()->FindFieldByName(field));
}

// Shows entries that come page by page: as one table at the end, or as JSON at once.
class EntryList {
 public:
  explicit EntryList(const Output& output) : output_(output), json_(output, {}) {
    for (const char* title : {"time", "kind", "what", "record", "name", "by"})
      table_.AddColumn(title);
  }

  absl::Status Add(const ListTimelineResponse& page) {
    for (const TimelineEntry& entry : page.entries()) {
      if (output_.format == Format::kJson) {
        const pbuf::Message* const record = &entry;
        LOTURA_RETURN_IF_ERROR(json_.Print({&record, 1}));
      } else {
        table_.AddRow({FieldText(entry, "time"), FieldText(entry, "kind"), DetailText(entry),
                       entry.source(), entry.source_display_name(), entry.actor()});
      }
    }
    return absl::OkStatus();
  }

  void Finish() {
    if (output_.format == Format::kJson) return json_.Finish();
    output_.out << table_.Render(output_.style) << std::flush;
  }

 private:
  const Output& output_;
  RecordList json_;
  terminal::Table table_;
};

}  // namespace

absl::Status Timeline(const Session& session, const TimelineFlags& flags) {
  LOTURA_ASSIGN_OR_RETURN(const api::RecordName record, session.model.Find(flags.name));
  ListTimelineRequest request;
  request.set_record(record.type->Host() + record.name);
  for (const std::string& kind : flags.kinds) {
    LOTURA_RETURN_IF_ERROR(api::AssignText(
        request, *ListTimelineRequest::descriptor()->FindFieldByName("kinds"), kind));
  }
  EntryList list(session.output);
  std::size_t left = flags.limit == 0 ? SIZE_MAX : flags.limit;
  do {
    request.set_page_size(static_cast<int>(std::min(left, kPageSize)));
    LOTURA_ASSIGN_OR_RETURN(
        const auto page, session.Call<ListTimelineResponse>(
                             "lotura.communications.v1.TimelineService", "ListTimeline", request));
    LOTURA_RETURN_IF_ERROR(list.Add(page));
    left -= std::min(left, static_cast<std::size_t>(page.entries_size()));
    request.set_page_token(page.next_page_token());
  } while (left > 0 && !request.page_token().empty());
  list.Finish();
  if (!request.page_token().empty())
    session.output.err << "lotura: there are more; --limit 0 shows all of them\n";
  return absl::OkStatus();
}

}  // namespace lotura::cli
