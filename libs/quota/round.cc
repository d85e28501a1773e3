#include "libs/quota/round.h"

#include <algorithm>

#include "libs/base/check.h"

namespace lotura::quota {
namespace {

// A bucket that is empty is not asked again before, however soon it has a token: so that a flood
// costs Redis a hundred requests a second and not one for each token.
constexpr std::chrono::milliseconds kAskAgainMin{10};

}  // namespace

void Round::Add(Item item) {
  if (item.done) {
    AddCall(std::move(item));
    return;
  }
  const Meters::Refill refill = meters_.RefillOf(item.account);
  if (refill.limit == nullptr) return;
  Wish& wish = wishes_[RequestFor(item.account, *refill.limit)];
  wish.refill = std::max(wish.refill, refill.tokens);
}

void Round::AddCall(Item item) {
  const Account& caller = item.account;
  Meters::Reservation reserved = meters_.Reserve(caller.tenant, caller.caller);
  Call call;
  call.tenant = {.account = {caller.tenant, {}},
                 .has = reserved.has_tenant,
                 .limit = std::move(reserved.tenant_limit)};
  call.caller = {
      .account = caller, .has = reserved.has_caller, .limit = std::move(reserved.caller_limit)};
  call.done = std::move(item.done);
  Ask(call.caller, call);
  if (call.refused_by == nullptr) Ask(call.tenant, call);
  calls_.push_back(std::move(call));
}

void Round::Ask(Need& need, Call& call) {
  if (need.limit == nullptr) return;
  if (meters_.IsEmpty(need.account, now_)) {
    call.refused_by = need.limit;
    call.subject = need.account.subject();
    return;
  }
  need.request = RequestFor(need.account, *need.limit);
  Wish& wish = wishes_[need.request];
  ++wish.calls;
  // Nothing was there any more: what is to be there ahead of need comes with what is needed.
  wish.refill = std::max(wish.refill, need.limit->ahead - 1);
}

std::size_t Round::RequestFor(const Account& account, const Limit& limit) {
  const auto [found, is_new] = by_account_.try_emplace(account, wishes_.size());
  if (is_new) wishes_.push_back({.account = account, .rate = limit.rate});
  return found->second;
}

std::vector<Request> Round::Requests() const {
  std::vector<Request> requests;
  requests.reserve(wishes_.size());
  for (const Wish& wish : wishes_) requests.push_back({wish.account, wish.rate, wish.Tokens()});
  return requests;
}

bool Round::Obtain(Need& need, Source& source) {
  if (need.limit == nullptr) return true;
  std::optional<Grant>& grant = grants_[need.request];
  if (grant.has_value()) {
    need.has = grant->tokens > 0;
    if (need.has) --grant->tokens;
  } else {
    source = Source::kLocal;
    need.has = meters_.TakeLocally(need.account, now_);
  }
  return need.has;
}

void Round::GiveBack(const Need& need) {
  if (need.has) meters_.GiveBack(need.account);
}

Answer Round::AnswerFor(Call& call) {
  Answer answer{.done = std::move(call.done),
                .refused_by = std::move(call.refused_by),
                .subject = call.subject};
  for (Need* need : {&call.caller, &call.tenant}) {
    if (answer.refused_by != nullptr || Obtain(*need, answer.source)) continue;
    answer.refused_by = need->limit;
    answer.subject = need->account.subject();
  }
  if (answer.refused_by != nullptr) {
    GiveBack(call.caller);
    GiveBack(call.tenant);
  }
  return answer;
}

void Round::KeepRest(Point now) {
  for (std::size_t i = 0; i < wishes_.size(); ++i) {
    const std::optional<Grant>& grant = grants_[i];
    const std::int64_t rest = grant.has_value() ? grant->tokens : 0;
    Point empty_until{};
    if (are_empty_[i]) empty_until = now + std::max<Point::duration>(grant->wait, kAskAgainMin);
    meters_.Keep(wishes_[i].account, rest, empty_until);
  }
}

std::vector<Answer> Round::Settle(std::vector<std::optional<Grant>> grants, Point now) {
  LOTURA_CHECK(grants.size() == wishes_.size());
  grants_ = std::move(grants);
  for (std::size_t i = 0; i < wishes_.size(); ++i)
    are_empty_.push_back(grants_[i].has_value() && grants_[i]->tokens < wishes_[i].Tokens());
  std::vector<Answer> answers;
  answers.reserve(calls_.size());
  for (Call& call : calls_) answers.push_back(AnswerFor(call));
  KeepRest(now);
  return answers;
}

}  // namespace lotura::quota
