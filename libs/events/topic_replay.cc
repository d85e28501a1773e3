#include "libs/events/topic_replay.h"

#include <algorithm>
#include <future>

#include "libs/base/errors.h"
#include "libs/events/cloud_events.h"
#include "libs/events/flight.h"

namespace lotura::events {
namespace {

absl::Status NotDelivered() {
  return Unavailable("RECORD_NOT_DELIVERED", "the broker did not take a record");
}

bool IsIn(const std::vector<std::string>& values, const std::string& value) {
  return values.empty() || std::ranges::find(values, value) != values.end();
}

}  // namespace

bool ReplaySelection::Takes(const JournalEntry& entry) const {
  return (!from.has_value() || entry.create_time >= *from) &&
         (!until.has_value() || entry.create_time < *until) &&
         (!tenant.has_value() || entry.tenant == *tenant) &&
         IsIn(resource_types, entry.resource_type) && IsIn(event_types, entry.type) &&
         IsIn(names, entry.name);
}

TopicReplay::TopicReplay(TopicReplayOptions options, Journal& journal, Bus& bus)
    : options_(std::move(options)), journal_(journal), bus_(bus) {
  progress_.position = options_.selection.after;
}

TopicReplay::~TopicReplay() = default;

absl::StatusOr<ReplayProgress> TopicReplay::Step() {
  const Deadline deadline = Deadline::After(options_.bound);
  if (reader_ == nullptr) {
    LOTURA_ASSIGN_OR_RETURN(end_, journal_.LoadCursor(kKafkaRelay, deadline));
    reader_ = journal_.NewReader();
  }
  LOTURA_ASSIGN_OR_RETURN(std::vector<JournalEntry> entries,
                          reader_->Read(progress_.position, options_.batch, deadline));
  std::erase_if(entries, [&](const JournalEntry& entry) { return entry.position > end_; });
  if (entries.empty()) {
    progress_.at_end = true;
    return progress_;
  }
  const Position last = entries.back().position;
  const std::size_t looked_at = entries.size();
  std::erase_if(entries,
                [&](const JournalEntry& entry) { return !options_.selection.Takes(entry); });
  if (options_.run == ReplayRun::kPublish && !entries.empty())
    LOTURA_RETURN_IF_ERROR(Publish(entries));
  progress_.looked_at += looked_at;
  progress_.published += entries.size();
  progress_.position = last;
  return progress_;
}

absl::Status TopicReplay::Publish(const std::vector<JournalEntry>& entries) {
  std::vector<BusRecord> records;
  for (const JournalEntry& entry : entries) {
    LOTURA_ASSIGN_OR_RETURN(BusRecord record, ToBusRecord(entry, options_.service));
    record.topic = options_.topic;
    records.push_back(std::move(record));
  }
  if (producer_ == nullptr) {
    LOTURA_ASSIGN_OR_RETURN(producer_, bus_.NewProducer());
  }
  // Shared with confirmations that come late.
  const auto settled = std::make_shared<std::promise<void>>();
  const auto flight = std::make_shared<Flight>(entries.size(), [settled] { settled->set_value(); });
  absl::Status status;
  for (std::size_t i = 0; i < records.size() && status.ok(); ++i) {
    status = producer_->Produce(
        records[i], [flight, i](const absl::Status& outcome) { flight->Confirm(i, outcome); });
  }
  if (status.ok() && settled->get_future().wait_for(options_.bound) != std::future_status::ready)
    status = NotDelivered();
  if (status.ok() && flight->failed()) status = NotDelivered();
  // What is on its way would overtake its repetition.
  if (!status.ok()) producer_.reset();
  return status;
}

}  // namespace lotura::events
