#include "libs/resource/combiner.h"

#include <fmt/format.h>
#include <algorithm>

#include <set>

#include "libs/base/errors.h"

namespace lotura::resource {
namespace {

// How far behind its batch the combiner looks for units that fit.
constexpr std::size_t kLookAhead = 4;
// When a refused write asks to come back.
constexpr std::int64_t kRetryAfterMs = 100;

// What may occur only once in a batch.
std::vector<std::string> MarksOf(const Unit& unit) {
  std::vector<std::string> marks;
  if (unit.request.has_value()) marks.push_back("request " + unit.request->id.ToString());
  for (const RecordChange& change : unit.changes) {
    marks.push_back("name " + change.name);
    for (const MatchKeys* keys : {&change.added_keys, &change.removed_keys}) {
      for (const auto& [kind, key] : *keys) marks.push_back(fmt::format("key {} {}", kind, key));
    }
  }
  return marks;
}

}  // namespace

std::optional<Combiner::Common> Combiner::CommonOf(const Unit& unit) {
  if (!CanShare(unit)) return std::nullopt;
  return Common{unit.call->principal.tenant, PartsOf(unit)};
}

Combiner::~Combiner() {
  for (std::jthread& thread : threads_) thread.request_stop();
  threads_.clear();
  while (Step()) {
  }
}

void Combiner::Submit(Unit unit, Done done) {
  {
    auto common = CommonOf(unit);
    auto marks = MarksOf(unit);
    const std::lock_guard lock(mutex_);
    if (waiting_.size() < limits_.waiting_max) {
      waiting_.push_back({std::move(unit), std::move(done), std::move(common), std::move(marks)});
      if (IsWorthABatch()) arrived_.notify_one();
      return;
    }
  }
  done(ResourceExhausted("WRITES_WAITING", "too many writes are waiting", kRetryAfterMs), unit);
}

Combiner::Taken Combiner::TakeBatch() {
  Taken taken;
  std::vector<Waiter>& batch = taken.batch;
  std::set<std::string> marked;
  const auto now = std::chrono::steady_clock::now();
  const std::lock_guard lock(mutex_);
  const std::size_t look_at = std::min(waiting_.size(), limits_.batch_max * kLookAhead);
  std::deque<Waiter> left;
  std::size_t looked_at = 0;
  for (; looked_at < look_at && batch.size() < limits_.batch_max; ++looked_at) {
    Waiter& waiter = waiting_[looked_at];
    if (waiter.unit.call->deadline.at() <= now) {
      taken.late.push_back(std::move(waiter));
      continue;
    }
    const bool free = std::ranges::none_of(
        waiter.marks, [&](const std::string& mark) { return marked.contains(mark); });
    // A unit that stays behind keeps its marks too: nobody overtakes it.
    marked.insert(waiter.marks.begin(), waiter.marks.end());
    const bool fits = batch.empty() || (free && waiter.common == batch.front().common);
    (fits ? batch.emplace_back() : left.emplace_back()) = std::move(waiter);
    if (batch.size() == 1 && !batch.front().common.has_value()) {
      ++looked_at;
      break;
    }
  }
  waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(looked_at));
  waiting_.insert(waiting_.begin(), std::make_move_iterator(left.begin()),
                  std::make_move_iterator(left.end()));
  if (!batch.empty()) {
    ++running_;
    newest_ = batch.front().common;
    // What was left may be for another thread.
    if (IsWorthABatch()) arrived_.notify_one();
  }
  return taken;
}

bool Combiner::Step() {
  auto [batch, late] = TakeBatch();
  for (const Waiter& waiter : late)
    waiter.done(DeadlineExceeded("the deadline passed before the write had its turn"), waiter.unit);
  if (batch.empty()) return !late.empty();
  Write(std::move(batch));
  return true;
}

void Combiner::Write(std::vector<Waiter> batch) {
  std::vector<Unit> units;
  Deadline last = batch.front().unit.call->deadline;
  for (Waiter& waiter : batch) {
    if (waiter.unit.call->deadline.at() > last.at()) last = waiter.unit.call->deadline;
    units.push_back(std::move(waiter.unit));
  }
  auto outcomes = store_.Commit(units, last);
  Committed committed{.units = batch.size()};
  {
    const std::lock_guard lock(mutex_);
    --running_;
    committed.waiting = waiting_.size();
    if (IsWorthABatch()) arrived_.notify_one();
  }
  if (committed_) committed_(committed);
  for (std::size_t i = 0; i < batch.size(); ++i) batch[i].done(std::move(outcomes[i]), units[i]);
}

void Combiner::Start(std::size_t threads) {
  for (std::size_t i = 0; i < threads; ++i) {
    threads_.emplace_back([this](const std::stop_token& stop) { Drive(stop); });
  }
}

bool Combiner::IsWorthABatch() const {
  if (waiting_.empty()) return false;
  const std::optional<Common>& next = waiting_.front().common;
  return running_ == 0 || waiting_.size() >= limits_.batch_max || !next.has_value() ||
         next != newest_;
}

void Combiner::Drive(const std::stop_token& stop) {
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      arrived_.wait(lock, stop, [&] { return IsWorthABatch(); });
      if (stop.stop_requested()) return;
    }
    Step();
  }
}

std::size_t Combiner::Waiting() const {
  const std::lock_guard lock(mutex_);
  return waiting_.size();
}

}  // namespace lotura::resource
