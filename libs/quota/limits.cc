#include "libs/quota/limits.h"

#include <absl/strings/cord.h>
#include <fmt/format.h>
#include <google/rpc/error_details.pb.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "libs/base/errors.h"
#include "libs/base/stable_bytes.h"
#include "libs/rpc/json_reader.h"

namespace lotura::quota {

using Json = nlohmann::json;
using rpc::JsonReader;

namespace {

constexpr char kReason[] = "QUOTAS_FILE";
constexpr char kExceeded[] = "QUOTA_EXCEEDED";
constexpr std::size_t kEntriesMax = 10'000;
constexpr std::size_t kCallerMax = 128;
constexpr double kPerSecondMin = 0.001;
constexpr double kPerSecondMax = 1e6;
constexpr std::int64_t kBurstMax = 10'000'000;
// How long an empty bucket may take until it is full.
constexpr double kFillSecondsMax = 86'400;
constexpr double kAheadSeconds = 0.1;
// When to come again: when there will be a token at the latest, but not at once.
constexpr double kRetryMsMin = 100;
constexpr std::string_view kUnlimited = "unlimited";
constexpr std::string_view kAnyTenant = "any";

template <typename Detail>
std::string UrlOf() {
  return "type.googleapis.com/" + Detail::descriptor()->full_name();
}

absl::Status RefusalOf(Subject subject, const Rate& rate) {
  const std::string per_second = fmt::format("{}", rate.per_second);
  const std::string burst = std::to_string(rate.burst);
  const std::string message =
      fmt::format("the {} may make {} calls a second, and {} at once after a pause",
                  NameOf(subject), per_second, burst);
  absl::Status refusal =
      Error(absl::StatusCode::kResourceExhausted, kExceeded, message,
            {{"subject", NameOf(subject)}, {"calls_per_second", per_second}, {"burst", burst}});
  google::rpc::QuotaFailure failure;
  failure.add_violations()->set_subject(NameOf(subject));
  failure.mutable_violations(0)->set_description(message);
  refusal.SetPayload(UrlOf<google::rpc::QuotaFailure>(), absl::Cord(StableBytes(failure)));
  const double retry_ms = std::max(kRetryMsMin, std::ceil(1000 / rate.per_second));
  const absl::Status again =
      ResourceExhausted(kExceeded, message, static_cast<std::int64_t>(retry_ms));
  refusal.SetPayload(UrlOf<google::rpc::RetryInfo>(),
                     *again.GetPayload(UrlOf<google::rpc::RetryInfo>()));
  return refusal;
}

}  // namespace

Limit::Limit(Subject subject, const Rate& of)
    : rate(of),
      ahead(std::min(static_cast<std::int64_t>(of.per_second * kAheadSeconds), of.burst / 2)),
      refusal(RefusalOf(subject, of)) {}

// Reads the file into limits that nobody has yet.
class LimitsReader {
 public:
  explicit LimitsReader(Violations& violations) : violations_(violations) {}

  Limits Read(const Json& file);

 private:
  [[nodiscard]] JsonReader ReaderOf(const Json& object, std::string path) const {
    return {object, {std::move(path), kReason}, violations_};
  }
  // `otherwise` if there is no such member.
  LimitPtr LimitOf(JsonReader& reader, std::string_view path, const char* name,
                   const LimitPtr* otherwise);
  LimitPtr Make(const Json& object, std::string path);
  std::optional<Rate> RateOf(const Json& object, std::string path);
  void ReadTenant(const Json& object, const std::string& path);
  void ReadCaller(const Json& object, const std::string& path);
  template <typename ReadOne>
  void ReadList(JsonReader& reader, const char* name, ReadOne read);
  static std::optional<TenantId> TenantOf(std::string_view text) {
    const auto uuid = Uuid::Parse(text);
    return uuid.has_value() ? std::optional(TenantId{*uuid}) : std::nullopt;
  }

  Violations& violations_;
  // Whose limit is being read.
  Subject subject_ = Subject::kTenant;
  Limits limits_;
};

std::optional<Rate> LimitsReader::RateOf(const Json& object, std::string path) {
  JsonReader reader = ReaderOf(object, std::move(path));
  const Json* per_second = reader.Find("per_second");
  const Json* burst = reader.Find("burst");
  reader.RefuseOthers();
  if (!object.is_object()) return std::nullopt;
  Rate rate;
  if (per_second != nullptr && per_second->is_number()) rate.per_second = per_second->get<double>();
  if (burst != nullptr && burst->is_number_unsigned() && *burst <= kBurstMax)
    rate.burst = burst->get<std::int64_t>();
  const bool is_rate = rate.per_second >= kPerSecondMin && rate.per_second <= kPerSecondMax;
  if (!is_rate) reader.Wrong("per_second", "it is a number of calls between 0.001 and 1000000");
  if (rate.burst < 1) reader.Wrong("burst", "it is a whole number of calls between 1 and 10000000");
  if (!is_rate || rate.burst < 1) return std::nullopt;
  if (static_cast<double>(rate.burst) < rate.per_second * kAheadSeconds) {
    reader.Wrong("burst", "it is at least a tenth of per_second, which a process takes at a time");
    return std::nullopt;
  }
  if (static_cast<double>(rate.burst) > rate.per_second * kFillSecondsMax) {
    reader.Wrong("burst", "it is at most what per_second gives in a day");
    return std::nullopt;
  }
  return rate;
}

LimitPtr LimitsReader::Make(const Json& object, std::string path) {
  if (object == kUnlimited) return nullptr;
  const std::optional<Rate> rate = RateOf(object, std::move(path));
  return rate.has_value() ? std::make_shared<const Limit>(subject_, *rate) : nullptr;
}

LimitPtr LimitsReader::LimitOf(JsonReader& reader, std::string_view path, const char* name,
                               const LimitPtr* otherwise) {
  const Json* found = reader.Find(name);
  if (found != nullptr)
    return Make(*found, fmt::format("{}{}{}", path, path.empty() ? "" : ".", name));
  if (otherwise != nullptr) return *otherwise;
  reader.Wrong(name, "a rate is expected, or \"unlimited\"");
  return nullptr;
}

void LimitsReader::ReadTenant(const Json& object, const std::string& path) {
  JsonReader reader = ReaderOf(object, path);
  const std::optional<TenantId> tenant = TenantOf(reader.Text("tenant", nullptr));
  Limits::Pair pair;
  subject_ = Subject::kTenant;
  pair.tenant = LimitOf(reader, path, "limit", &limits_.each_.tenant);
  subject_ = Subject::kCaller;
  pair.each_caller = LimitOf(reader, path, "each_caller", &limits_.each_.each_caller);
  reader.RefuseOthers();
  if (!tenant.has_value()) {
    reader.Wrong("tenant", "it is a UUID");
  } else if (!limits_.tenants_.emplace(*tenant, std::move(pair)).second) {
    reader.Wrong("tenant", "another one has it");
  }
}

void LimitsReader::ReadCaller(const Json& object, const std::string& path) {
  JsonReader reader = ReaderOf(object, path);
  const std::string tenant = reader.Text("tenant", nullptr);
  const std::string caller = reader.Text("caller", nullptr);
  subject_ = Subject::kCaller;
  LimitPtr limit = LimitOf(reader, path, "limit", nullptr);
  reader.RefuseOthers();
  if (caller.empty() || caller.size() > kCallerMax)
    reader.Wrong("caller", "it is the name of a caller, such as \"clients/erp\"");
  const std::optional<TenantId> id = TenantOf(tenant);
  if (!id.has_value() && tenant != kAnyTenant) {
    reader.Wrong("tenant", "it is a UUID or \"any\"");
    return;
  }
  const bool is_new =
      id.has_value() ? limits_.callers_.emplace(std::pair(*id, caller), std::move(limit)).second
                     : limits_.callers_anywhere_.emplace(caller, std::move(limit)).second;
  if (!is_new) reader.Wrong("caller", "another one has it");
}

template <typename ReadOne>
void LimitsReader::ReadList(JsonReader& reader, const char* name, ReadOne read) {
  if (reader.Find(name) == nullptr) return;
  const Json* list = reader.List(name);
  if (list == nullptr) return;
  if (list->size() > kEntriesMax) {
    reader.Wrong(name, "there are at most 10000 of them");
    return;
  }
  std::size_t at = 0;
  for (const Json& object : *list) read(object, fmt::format("{}[{}]", name, at++));
}

Limits LimitsReader::Read(const Json& file) {
  const LimitPtr none;
  JsonReader reader = ReaderOf(file, "");
  subject_ = Subject::kTenant;
  limits_.each_.tenant = LimitOf(reader, "", "each_tenant", &none);
  subject_ = Subject::kCaller;
  limits_.each_.each_caller = LimitOf(reader, "", "each_caller", &none);
  ReadList(reader, "tenants",
           [this](const Json& object, const std::string& path) { ReadTenant(object, path); });
  ReadList(reader, "callers",
           [this](const Json& object, const std::string& path) { ReadCaller(object, path); });
  reader.RefuseOthers();
  return std::move(limits_);
}

absl::StatusOr<Limits> Limits::Parse(std::string_view json) {
  const Json parsed = Json::parse(json, nullptr, false);
  Violations violations;
  Limits limits = LimitsReader(violations).Read(parsed);
  LOTURA_RETURN_IF_ERROR(violations.ToStatus());
  return limits;
}

const LimitPtr& Limits::OfTenant(const TenantId& tenant) const {
  const auto found = tenants_.find(tenant);
  return found == tenants_.end() ? each_.tenant : found->second.tenant;
}

const LimitPtr& Limits::OfCaller(const TenantId& tenant, std::string_view name) const {
  if (const auto found = callers_.find(std::pair(tenant, std::string(name)));
      found != callers_.end())
    return found->second;
  if (const auto found = callers_anywhere_.find(name); found != callers_anywhere_.end())
    return found->second;
  const auto found = tenants_.find(tenant);
  return found == tenants_.end() ? each_.each_caller : found->second.each_caller;
}

}  // namespace lotura::quota
