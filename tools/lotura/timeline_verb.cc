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

void PrintTable(const std::vector<TimelineEntry>& entries, const Output& output) {
  terminal::Table table;
  for (const char* title : {"time", "kind", "what", "record", "name", "by"}) table.AddColumn(title);
  for (const TimelineEntry& entry : entries) {
    table.AddRow({FieldText(entry, "time"), FieldText(entry, "kind"), DetailText(entry),
                  entry.source(), entry.source_display_name(), entry.actor()});
  }
  output.out << table.Render(output.style) << std::flush;
}

}  // namespace

absl::Status Timeline(const Session& session, const TimelineFlags& flags) {
  LOTURA_ASSIGN_OR_RETURN(const api::RecordName record, session.model.Find(flags.name));
  ListTimelineRequest request;
  request.set_record(record.type->Host() + record.name);
  for (const std::string& kind : flags.kinds) {
    LOTURA_RETURN_IF_ERROR(api::AssignText(
        request, *ListTimelineRequest::descriptor()->FindFieldByName("kinds"), kind));
  }
  RecordList list(session.output, {});
  std::size_t left = flags.limit == 0 ? SIZE_MAX : flags.limit;
  while (left > 0) {
    request.set_page_size(static_cast<int>(std::min(left, kPageSize)));
    LOTURA_ASSIGN_OR_RETURN(
        const auto page, session.Call<ListTimelineResponse>(
                             "lotura.communications.v1.TimelineService", "ListTimeline", request));
    const std::vector<TimelineEntry> entries(page.entries().begin(), page.entries().end());
    if (session.output.format == Format::kTable) {
      PrintTable(entries, session.output);
    } else {
      std::vector<const pbuf::Message*> pointers;
      for (const TimelineEntry& entry : entries) pointers.push_back(&entry);
      LOTURA_RETURN_IF_ERROR(list.Print(pointers));
    }
    left -= std::min(left, entries.size());
    if (page.next_page_token().empty()) break;
    request.set_page_token(page.next_page_token());
  }
  if (session.output.format == Format::kJson) list.Finish();
  return absl::OkStatus();
}

}  // namespace lotura::cli
