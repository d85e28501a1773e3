// What waits for the shared buckets, tenant by tenant.
#pragma once

#include <deque>
#include <string>
#include <unordered_map>
#include <vector>

#include "libs/quota/account.h"
#include "libs/rpc/quotas.h"

namespace lotura::quota {

// A call that waits for tokens, or, without `done`, an account whose tokens should be refilled.
struct Item {
  Account account;
  rpc::Quotas::Done done;
};

// Tenants take turns, so that none waits for all that another one brings; of one tenant what came
// first leaves first. Not thread-safe.
class FairQueue {
 public:
  // Of one tenant, before it is the next one's turn.
  static constexpr std::size_t kAtATime = 16;

  void Add(Item item) {
    std::deque<Item>& lane = lanes_[item.account.tenant];
    if (lane.empty()) turns_.push_back(item.account.tenant);
    ++CountOf(item);
    lane.push_back(std::move(item));
  }

  // At most `max`.
  std::vector<Item> Take(std::size_t max) {
    std::vector<Item> taken;
    while (size() > 0 && taken.size() < max) {
      const TenantId tenant = turns_.front();
      turns_.pop_front();
      const auto lane = lanes_.find(tenant);
      for (std::size_t i = 0; i < kAtATime && taken.size() < max && !lane->second.empty(); ++i) {
        --CountOf(lane->second.front());
        taken.push_back(std::move(lane->second.front()));
        lane->second.pop_front();
      }
      if (lane->second.empty()) {
        lanes_.erase(lane);
      } else {
        turns_.push_back(tenant);
      }
    }
    return taken;
  }

  [[nodiscard]] std::size_t calls() const { return calls_; }
  [[nodiscard]] std::size_t refills() const { return refills_; }
  [[nodiscard]] std::size_t size() const { return calls_ + refills_; }

 private:
  std::size_t& CountOf(const Item& item) { return item.done ? calls_ : refills_; }

  std::unordered_map<TenantId, std::deque<Item>, TenantHash> lanes_;
  // Those who have something waiting.
  std::deque<TenantId> turns_;
  std::size_t calls_ = 0;
  std::size_t refills_ = 0;
};

}  // namespace lotura::quota
