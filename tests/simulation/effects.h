// The database of the consumers: what they have made of the events.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "libs/events/event.h"

namespace lotura::simulation {

// One line for each event that took effect, in that order, the ids of the events that are done
// with, and a projection that holds the newest state of each record.
class Effects {
 public:
  struct Effect {
    Uuid event;
    std::string key;
    std::int64_t version = 0;
  };
  struct State {
    std::int64_t epoch = 0;
    std::int64_t version = 0;
    std::string plain;
  };

  [[nodiscard]] bool IsMarked(const events::Event& event) const {
    return marked_.contains({event.tenant, event.id});
  }
  void Mark(const events::Event& event) { marked_.emplace(event.tenant, event.id); }
  void Make(const events::Event& event);

  [[nodiscard]] const std::vector<Effect>& made() const { return made_; }
  // By RecordKey.
  [[nodiscard]] const std::map<std::string, State>& states() const { return states_; }

 private:
  std::set<std::pair<TenantId, Uuid>> marked_;
  std::vector<Effect> made_;
  std::map<std::string, State> states_;
};

}  // namespace lotura::simulation
