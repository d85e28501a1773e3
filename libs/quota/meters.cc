#include "libs/quota/meters.h"

#include <algorithm>

namespace lotura::quota {
namespace {

observe::Gauge AccountsOf(const observe::Metrics& metrics, Subject subject) {
  return metrics
      .AddGauges({.name = "lotura_quota_accounts",
                  .help = "Tenants and callers whose quotas are in memory.",
                  .labels = {"subject"}})
      .With({NameOf(subject)});
}

observe::Counter ForgottenOf(const observe::Metrics& metrics, Subject subject) {
  return metrics
      .AddCounters({.name = "lotura_quota_forgotten_total",
                    .help = "Tenants and callers that were forgotten to make room for others.",
                    .labels = {"subject"}})
      .With({NameOf(subject)});
}

}  // namespace

Meters::Meters(const MetersOptions& options, Limits limits, const observe::Metrics& metrics)
    : options_(options),
      tenants_(AccountsOf(metrics, Subject::kTenant)),
      callers_(AccountsOf(metrics, Subject::kCaller)),
      forgotten_tenants_(ForgottenOf(metrics, Subject::kTenant)),
      forgotten_callers_(ForgottenOf(metrics, Subject::kCaller)) {
  const auto shared = std::make_shared<const Limits>(std::move(limits));
  for (Shard& shard : shards_) shard.limits = shared;
}

Meters::Verdict Meters::Look(const Meter& meter, Source source, Point now) {
  if (meter.limit == nullptr || meter.tokens > 0) return Verdict::kAdmitted;
  if (source == Source::kLocal)
    return meter.local.Has(meter.limit->rate, now) ? Verdict::kAdmitted : Verdict::kRefused;
  return now < meter.empty_until ? Verdict::kRefused : Verdict::kUnknown;
}

void Meters::TakeFrom(Meter& meter, Point now) {
  if (meter.limit == nullptr) return;
  if (meter.tokens > 0) {
    --meter.tokens;
  } else {
    meter.local.Take(meter.limit->rate, now);
  }
}

bool Meters::WantsRefill(Meter& meter, Source source, Point now) {
  if (source == Source::kLocal || meter.limit == nullptr || meter.is_refilling ||
      meter.limit->ahead == 0 || meter.tokens > meter.limit->ahead / 2 || now < meter.empty_until)
    return false;
  meter.is_refilling = true;
  return true;
}

Meters::Outcome Meters::Take(const TenantId& tenant, std::string_view caller, Source source,
                             Point now) {
  Shard& shard = ShardOf(tenant);
  const std::lock_guard lock(shard.mutex);
  Tenant& known = TenantOf(shard, tenant);
  Meter& own = CallerOf(shard, known, caller);
  const Verdict of_caller = Look(own, source, now);
  // What he can do something about is told first.
  if (of_caller == Verdict::kRefused)
    return {.verdict = of_caller, .limit = own.limit, .subject = Subject::kCaller};
  const Verdict of_tenant = Look(known.meter, source, now);
  if (of_tenant == Verdict::kRefused) return {.verdict = of_tenant, .limit = known.meter.limit};
  if (of_caller == Verdict::kUnknown || of_tenant == Verdict::kUnknown)
    return {.verdict = Verdict::kUnknown};
  TakeFrom(own, now);
  TakeFrom(known.meter, now);
  return {.refill_tenant = WantsRefill(known.meter, source, now),
          .refill_caller = WantsRefill(own, source, now)};
}

Meters::Reservation Meters::Reserve(const TenantId& tenant, std::string_view caller) {
  Shard& shard = ShardOf(tenant);
  const std::lock_guard lock(shard.mutex);
  Tenant& known = TenantOf(shard, tenant);
  Meter& own = CallerOf(shard, known, caller);
  Reservation reservation;
  const auto take = [](Meter& meter, bool& has, LimitPtr& asked) {
    if (meter.limit == nullptr) return;
    has = meter.tokens > 0;
    if (has) {
      --meter.tokens;
    } else {
      asked = meter.limit;
    }
  };
  take(known.meter, reservation.has_tenant, reservation.tenant_limit);
  take(own, reservation.has_caller, reservation.caller_limit);
  return reservation;
}

bool Meters::IsEmpty(const Account& account, Point now) {
  Shard& shard = ShardOf(account.tenant);
  const std::lock_guard lock(shard.mutex);
  return now < MeterOf(shard, account).empty_until;
}

bool Meters::TakeLocally(const Account& account, Point now) {
  Shard& shard = ShardOf(account.tenant);
  const std::lock_guard lock(shard.mutex);
  Meter& meter = MeterOf(shard, account);
  return meter.limit == nullptr || meter.local.Take(meter.limit->rate, now);
}

Meters::Refill Meters::RefillOf(const Account& account) {
  Shard& shard = ShardOf(account.tenant);
  const std::lock_guard lock(shard.mutex);
  Meter& meter = MeterOf(shard, account);
  if (meter.limit == nullptr || meter.tokens >= meter.limit->ahead) {
    meter.is_refilling = false;
    return {};
  }
  return {meter.limit, meter.limit->ahead - meter.tokens};
}

void Meters::GiveUpRefill(const Account& account) {
  Shard& shard = ShardOf(account.tenant);
  const std::lock_guard lock(shard.mutex);
  MeterOf(shard, account).is_refilling = false;
}

void Meters::GiveBack(const Account& account) {
  Shard& shard = ShardOf(account.tenant);
  const std::lock_guard lock(shard.mutex);
  ++MeterOf(shard, account).tokens;
}

void Meters::Keep(const Account& account, std::int64_t tokens, Point empty_until) {
  Shard& shard = ShardOf(account.tenant);
  const std::lock_guard lock(shard.mutex);
  Meter& meter = MeterOf(shard, account);
  meter.tokens += tokens;
  meter.empty_until = empty_until;
  meter.is_refilling = false;
}

void Meters::UseLimit(Meter& meter, const LimitPtr& limit, Point now) {
  meter.limit = limit;
  meter.empty_until = Point();
  meter.tokens =
      limit == nullptr ? 0 : std::min(meter.tokens, std::max<std::int64_t>(limit->ahead, 1));
  if (limit != nullptr) meter.local.Fit(limit->rate, now);
}

void Meters::Use(Limits limits, Point now) {
  const auto shared = std::make_shared<const Limits>(std::move(limits));
  for (Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    shard.limits = shared;
    for (Tenant& tenant : shard.tenants) {
      UseLimit(tenant.meter, shared->OfTenant(tenant.id), now);
      for (Caller& caller : tenant.callers)
        UseLimit(caller.meter, shared->OfCaller(tenant.id, caller.key), now);
    }
  }
}

Meters::Tenant& Meters::TenantOf(Shard& shard, const TenantId& id) {
  if (const auto found = shard.by_id.find(id); found != shard.by_id.end()) {
    shard.tenants.splice(shard.tenants.begin(), shard.tenants, found->second);
    return *found->second;
  }
  if (shard.tenants.size() >= std::max<std::size_t>(options_.tenants_max / kShards, 1))
    ForgetTenant(shard);
  Tenant& tenant = shard.tenants.emplace_front();
  tenant.id = id;
  tenant.meter.limit = shard.limits->OfTenant(id);
  shard.by_id.emplace(id, shard.tenants.begin());
  tenants_.Add(1);
  return tenant;
}

Meters::Meter& Meters::CallerOf(Shard& shard, Tenant& tenant, std::string_view key) {
  if (const auto found = tenant.by_key.find(key); found != tenant.by_key.end()) {
    tenant.callers.splice(tenant.callers.begin(), tenant.callers, found->second);
    return found->second->meter;
  }
  if (shard.callers >= std::max<std::size_t>(options_.callers_max / kShards, 1))
    ForgetCaller(shard);
  Caller& caller = tenant.callers.emplace_front();
  caller.key = key;
  caller.meter.limit = shard.limits->OfCaller(tenant.id, key);
  tenant.by_key.emplace(caller.key, tenant.callers.begin());
  ++shard.callers;
  callers_.Add(1);
  return caller.meter;
}

Meters::Meter& Meters::MeterOf(Shard& shard, const Account& account) {
  Tenant& tenant = TenantOf(shard, account.tenant);
  return account.caller.empty() ? tenant.meter : CallerOf(shard, tenant, account.caller);
}

void Meters::ForgetTenant(Shard& shard) {
  const Tenant& oldest = shard.tenants.back();
  shard.callers -= oldest.callers.size();
  callers_.Add(-static_cast<double>(oldest.callers.size()));
  forgotten_callers_.Add(static_cast<double>(oldest.callers.size()));
  shard.by_id.erase(oldest.id);
  shard.tenants.pop_back();
  tenants_.Add(-1);
  forgotten_tenants_.Add();
}

void Meters::ForgetCaller(Shard& shard) {
  Tenant& largest = *std::ranges::max_element(
      shard.tenants, {}, [](const Tenant& tenant) { return tenant.callers.size(); });
  largest.by_key.erase(largest.callers.back().key);
  largest.callers.pop_back();
  --shard.callers;
  callers_.Add(-1);
  forgotten_callers_.Add();
}

}  // namespace lotura::quota
