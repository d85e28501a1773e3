// One look at the shared buckets for all who wait for them.
#pragma once

#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "libs/quota/fair_queue.h"
#include "libs/quota/meters.h"
#include "libs/quota/shared_buckets.h"

namespace lotura::quota {

// What came of a call that waited.
struct Answer {
  rpc::Quotas::Done done;
  // Null: it was admitted.
  LimitPtr refused_by;
  Subject subject = Subject::kTenant;
  Source source = Source::kShared;
};

// Adds up what calls and refills want of each account, and shares out what was granted: to the
// calls in the order in which they came, what is left to the account. Where a shared bucket could
// not be asked, that of this process answers. Not thread-safe.
class Round {
 public:
  using Point = Meters::Point;

  Round(Meters& meters, Point now) : meters_(meters), now_(now) {}
  Round(const Round&) = delete;
  Round& operator=(const Round&) = delete;

  void Add(Item item);
  // One for each account.
  [[nodiscard]] std::vector<Request> Requests() const;
  // One grant for each request. Answers for all calls that were added.
  std::vector<Answer> Settle(std::vector<std::optional<Grant>> grants, Point now);

 private:
  // What a call needs of one of its accounts.
  struct Need {
    Account account;
    bool has = false;
    // Null if nothing is needed any more.
    LimitPtr limit;
    // Of its request.
    std::size_t request = 0;
  };
  struct Call {
    Need caller;
    Need tenant;
    rpc::Quotas::Done done;
    // Refused already.
    LimitPtr refused_by;
    Subject subject = Subject::kTenant;
  };

  void AddCall(Item item);
  void Ask(Need& need, Call& call);
  // The place of the account's request, which there may be already.
  std::size_t RequestFor(const Account& account, const Limit& limit);
  Answer AnswerFor(Call& call);
  bool Obtain(Need& need, Source& source);
  void GiveBack(const Need& need);
  void KeepRest(Point now);

  // What is wanted of one account.
  struct Wish {
    Account account;
    Rate rate;
    std::int64_t calls = 0;
    // Ahead of need.
    std::int64_t refill = 0;

    [[nodiscard]] std::int64_t Tokens() const { return calls + refill; }
  };

  Meters& meters_;
  const Point now_;
  std::vector<Wish> wishes_;
  std::unordered_map<Account, std::size_t, AccountHash> by_account_;
  std::vector<std::optional<Grant>> grants_;
  // Whether the shared bucket had less than was wanted.
  std::vector<bool> are_empty_;
  std::vector<Call> calls_;
};

}  // namespace lotura::quota
