#include "libs/quota/redis_buckets.h"

#include <fmt/format.h>

#include "libs/base/crypto.h"
#include "libs/base/errors.h"
#include "libs/cache/redis_scripts.h"

namespace lotura::quota {
namespace {

// KEYS[1]; ARGV: microseconds that a token takes to come, tokens of a full bucket, tokens wanted.
// How many it gives; if none, the microseconds until there is one, as a negative number. A clock
// that was set back, or a bucket that has become smaller, leaves an empty bucket at most.
const cache::Script& TakeTokens() {
  static const cache::Script kScript = cache::MakeScript(R"(
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local span = tonumber(ARGV[1])
local burst = tonumber(ARGV[2])
local full = tonumber(redis.call('GET', KEYS[1]) or '')
if not full or not (full > now) then
  full = now
end
local latest = now + burst * span
local tokens = 0
if full > latest then
  full = latest
else
  tokens = math.min(math.floor((latest - full) / span + 0.000001), tonumber(ARGV[3]))
  if tokens < 1 then
    return -math.max(1, math.ceil(full + span - latest))
  end
  full = full + tokens * span
end
redis.call('SET', KEYS[1], string.format('%.0f', full), 'PX', math.ceil((full - now) / 1000))
if tokens < 1 then
  return -math.ceil(span)
end
return tokens
)");
  return kScript;
}

cache::Command ToCommand(const Request& request) {
  return {"EVALSHA",
          TakeTokens().sha1,
          "1",
          BucketKey(request.account),
          fmt::format("{}", 1e6 / request.rate.per_second),
          std::to_string(request.rate.burst),
          std::to_string(request.wanted)};
}

// Anything but a number is the trouble of one key: no memory, or a value of somebody else.
std::optional<Grant> ToGrant(const cache::Reply& reply) {
  if (reply.kind != cache::Reply::Kind::kNumber) return std::nullopt;
  if (reply.number > 0) return Grant{.tokens = reply.number};
  return Grant{.tokens = 0, .wait = std::chrono::microseconds(-reply.number)};
}

}  // namespace

std::string BucketKey(const Account& account) {
  const std::string tenant = account.tenant.value.ToString();
  if (account.caller.empty()) return fmt::format("lotura:quota:{{{}}}", tenant);
  return fmt::format("lotura:quota:{{{}}}:{}", tenant, ToHex(Sha256(account.caller)));
}

absl::StatusOr<std::unique_ptr<RedisBuckets>> RedisBuckets::Create(cache::RedisOptions options,
                                                                   cache::Observer& observer) {
  options.connections = 1;
  LOTURA_RETURN_IF_ERROR(options.Validate());
  LOTURA_ASSIGN_OR_RETURN(cache::RedisEndpoint endpoint,
                          cache::RedisEndpoint::Parse(options.address, options.plain_tcp));
  return std::unique_ptr<RedisBuckets>(new RedisBuckets(options, std::move(endpoint), observer));
}

RedisBuckets::RedisBuckets(const cache::RedisOptions& options, cache::RedisEndpoint endpoint,
                           cache::Observer& observer)
    : call_timeout_(options.call_timeout),
      client_(options, std::move(endpoint), {&TakeTokens()}, observer) {
  client_.Start([] { return cache::RedisClient::Chores::kDone; });
}

RedisBuckets::~RedisBuckets() { client_.Stop(); }

std::vector<std::optional<Grant>> RedisBuckets::Take(std::span<const Request> requests) {
  std::vector<std::optional<Grant>> grants(requests.size());
  if (requests.empty()) return grants;
  std::vector<cache::Command> commands;
  commands.reserve(requests.size());
  for (const Request& request : requests) commands.push_back(ToCommand(request));
  const auto replies = client_.Run(commands, Deadline::After(call_timeout_));
  if (!replies.has_value()) return grants;
  for (std::size_t i = 0; i < requests.size(); ++i) grants[i] = ToGrant((*replies)[i]);
  return grants;
}

}  // namespace lotura::quota
