// A relay on a journal and a bus in memory, driven step by step.
#pragma once

#include <gtest/gtest.h>

#include "libs/events/cloud_events.h"
#include "libs/events/memory_bus.h"
#include "libs/events/memory_journal.h"
#include "libs/events/relay_step.h"
#include "libs/testing/journal_contract.h"

namespace lotura::events {

class RelayFixture : public ::testing::Test {
 protected:
  using Versions = std::vector<std::int64_t>;

  RelayFixture() {
    EXPECT_THAT(
        bus_.EnsureTopic({.name = TopicOf("sales")}, Deadline::After(std::chrono::seconds(1))),
        testing::IsOk());
  }

  std::unique_ptr<RelayStep> NewRelay(ReadLimit batch = {}) {
    return std::make_unique<RelayStep>(
        RelayOptions{.service = "sales", .holder = ids_.Next(), .batch = batch},
        RelayParts{journal_, bus_, clock_}, metrics_, log_, [] {});
  }

  void Write(std::int64_t from, std::int64_t to) {
    for (std::int64_t version = from; version <= to; ++version)
      journal_.Append({testing::EntryOf(ids_, "o", version)});
  }

  // Runs the step often enough to do all there is to do.
  void Settle(RelayStep& relay) {
    for (int i = 0; i < 20; ++i) {
      relay.Run();
      clock_.Advance(std::chrono::milliseconds(250));
    }
  }

  Versions Published() const {
    Versions versions;
    for (const ReceivedRecord& received : bus_.RecordsOf(TopicOf("sales"))) {
      versions.push_back(FromBusRecord(received.record).value().version());
    }
    return versions;
  }

  Position Cursor() {
    return journal_.LoadCursor("kafka", Deadline::After(std::chrono::seconds(1))).value();
  }
  double Metric(const std::string& name) const {
    const std::string text = metrics_.Exposition();
    const std::size_t at = text.find("\n" + name + "{");
    return at == std::string::npos ? -1 : std::stod(text.substr(text.find(' ', at + 1)));
  }

  testing::FakeClock clock_;
  testing::FakeIds ids_;
  observe::Metrics metrics_{"sales"};
  observe::Log log_{{.service = "sales", .level = observe::Level::kError}, metrics_};
  MemoryJournal journal_{clock_};
  MemoryBus bus_;
};

}  // namespace lotura::events
