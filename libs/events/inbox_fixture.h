// A consumer whose events leave their mark, or fail as they are told to.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "libs/events/cloud_events.h"
#include "libs/events/pg_inbox.h"
#include "libs/testing/events_schema.h"
#include "libs/testing/select.h"

namespace lotura::events {

using ::lotura::testing::AMinute;
using ::lotura::testing::EntryOf;
using ::lotura::testing::IsOk;
using ::lotura::testing::StatusIs;

inline constexpr pg::Query kEffect{
    "test.Effect", "INSERT INTO effect (name, version) VALUES ($1::text, $2::bigint)"};

class InboxFixture : public ::testing::Test {
 protected:
  InboxFixture() { schema_.Run("CREATE TABLE effect (seq bigserial, name text, version bigint)"); }

  // Writes one row for each event, but for versions that are told to fail.
  absl::Status Handle(pg::Tx& tx, const Event& event) {
    tx.Run(kEffect, pg::Params().Text(event.subject).Int(event.version()));
    const auto failure = failures_.find(event.version());
    return failure == failures_.end() ? absl::OkStatus() : failure->second;
  }
  EventHandler Handler() {
    return OneByOne([this](pg::Tx& tx, const Event& event) { return Handle(tx, event); });
  }
  PgInbox NewInbox(InboxOptions options = {}) {
    options.consumer = "test";
    return PgInbox(schema_.database(), options, Handler(), log_);
  }

  ReceivedRecord RecordOf(const std::string& name, std::int64_t version) {
    JournalEntry entry = EntryOf(ids_, name, version);
    entry.create_time = SystemClock().Now();
    return {ToBusRecord(entry, "sales").value(), {TopicOf("sales"), 0, ++offset_}};
  }
  std::vector<ReceivedRecord> RecordsOf(const std::string& name, std::int64_t from,
                                        std::int64_t to) {
    std::vector<ReceivedRecord> records;
    for (std::int64_t version = from; version <= to; ++version)
      records.push_back(RecordOf(name, version));
    return records;
  }

  // Gives the rest again until all are done with, as the consumer does.
  Applied ApplyAll(PgInbox& inbox, std::span<const ReceivedRecord> records) {
    Applied total;
    for (int i = 0; i < 20; ++i) {
      const Applied applied = inbox.Apply(records.subspan(total.done), AMinute());
      total.done += applied.done;
      total.handled += applied.handled;
      total.duplicates += applied.duplicates;
      total.parked += applied.parked;
      total.dead += applied.dead;
      total.status = applied.status;
      if (total.status.ok()) break;
    }
    return total;
  }

  std::string Effects(const std::string& name) {
    return schema_.database()
        .Read(AMinute(),
              [&](pg::Tx& tx) -> absl::StatusOr<std::string> {
                return testing::Select(
                           tx, fmt::format("SELECT coalesce(string_agg(version::text, ' ' ORDER BY "
                                           "seq), '') FROM effect WHERE name = '{}'",
                                           name))
                    .String(0, 0);
              })
        .value();
  }

  const TenantId tenant_{*Uuid::Parse("0195f3c2-7c9e-7d51-8f2e-0123456789ab")};
  testing::EventsSchema schema_;
  testing::FakeIds ids_;
  observe::Metrics metrics_{"sales"};
  observe::Log log_{{.service = "sales", .level = observe::Level::kError}, metrics_};
  std::map<std::int64_t, absl::Status> failures_;
  std::int64_t offset_ = 0;
};

}  // namespace lotura::events
