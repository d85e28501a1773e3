// Events as the services announce them, made for tests.
#pragma once

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "libs/base/text.h"
#include "libs/events/event.h"
#include "libs/resource/personal.h"
#include "libs/testing/fakes.h"

namespace lotura::testing {

// Keeps the last state and version of each record.
class TestEvents {
 public:
  explicit TestEvents(TenantId tenant) : tenant_(tenant) {}

  // Announces the next state of a record of the service, as its creation or an update.
  template <typename Record>
  void Put(const std::string& service, const Record& record) {
    Announce(service, record,
             versions_[record.name()] == 0 ? events::v1::KIND_CREATED : events::v1::KIND_UPDATED);
  }

  [[nodiscard]] const std::vector<events::Event>& all() const { return events_; }

  // The events of each record in their order, those of different records in any, and some twice.
  [[nodiscard]] std::vector<events::Event> Shuffled(std::mt19937_64& random) const {
    std::map<std::string, std::vector<events::Event>> by_record;
    for (const events::Event& event : events_) by_record[event.subject].push_back(event);
    std::vector<std::string> turns;
    for (const events::Event& event : events_) turns.push_back(event.subject);
    std::ranges::shuffle(turns, random);
    std::map<std::string, std::size_t> next;
    std::vector<events::Event> shuffled;
    for (const std::string& subject : turns) {
      const std::size_t place = next[subject]++;
      shuffled.push_back(by_record[subject][place]);
      if (random() % 5 == 0) shuffled.push_back(by_record[subject][random() % (place + 1)]);
    }
    return shuffled;
  }

 private:
  static const char* Verb(events::v1::Kind kind) {
    if (kind == events::v1::KIND_CREATED) return "created";
    return kind == events::v1::KIND_DELETED ? "deleted" : "updated";
  }

  template <typename Record>
  void Announce(const std::string& service, const Record& record, events::v1::Kind kind) {
    events::Event event;
    event.id = ids_.Next();
    event.source = "//" + service + ".lotura";
    event.type = "lotura." + service + "." + ToSnakeCase(Record::descriptor()->name()) + "." +
                 Verb(kind) + ".v1";
    event.subject = record.name();
    event.tenant = tenant_;
    event.time = clock_.Now();
    event.change.set_resource_type(Record::descriptor()->full_name());
    event.change.set_epoch(1);
    event.change.set_version(++versions_[record.name()]);
    event.change.set_kind(kind);
    if (kind != events::v1::KIND_CREATED) *event.change.mutable_before() = states_[record.name()];
    const resource::Parts parts = resource::Split(record);
    events::v1::State& state = states_[record.name()];
    state.set_plain(parts.plain);
    state.set_personal(parts.personal);
    *event.change.mutable_after() = state;
    events_.push_back(std::move(event));
  }

  TenantId tenant_;
  FakeIds ids_;
  FakeClock clock_;
  std::map<std::string, std::int64_t> versions_;
  std::map<std::string, events::v1::State> states_;
  std::vector<events::Event> events_;
};

}  // namespace lotura::testing
