#include "libs/host/parked.h"

#include <fmt/format.h>

#include <algorithm>

#include "libs/base/errors.h"

namespace lotura::host {
namespace {

// More than a consumer parks before it waits.
constexpr std::size_t kKeysMax = 10'000;

constexpr char kUsage[] = "parked list|retry|discard <service>.<consumer> [<key>]";

absl::Status WrongUsage() { return InvalidArgument("parked", "WRONG_USAGE", kUsage); }

// A key may hold any bytes; what is printed can be given back.
std::string Printed(const std::string& key) {
  std::string printed;
  for (const char c : key) {
    const auto byte = static_cast<unsigned char>(c);
    const bool is_plain = byte > ' ' && byte != '\\' && byte != 0x7f;
    printed += is_plain ? std::string(1, c) : fmt::format("\\x{:02x}", byte);
  }
  return printed;
}

std::string Line(const events::ParkedKey& key) {
  return fmt::format("{}\t{}\t{}\t{}\t{}\t{}", Printed(key.key), key.events, key.attempts,
                     ToRfc3339(key.fail_time), key.reason, key.message);
}

}  // namespace

absl::StatusOr<ParkedCommand> ParkedCommand::Parse(std::span<const std::string> words) {
  if (words.size() < 3 || words[0] != "parked") return WrongUsage();
  ParkedCommand command;
  const bool is_list = words[1] == "list";
  if (words[1] == "retry") {
    command.verb = Verb::kRetry;
  } else if (words[1] == "discard") {
    command.verb = Verb::kDiscard;
  } else if (!is_list) {
    return WrongUsage();
  }
  const std::size_t dot = words[2].find('.');
  if (dot == std::string::npos || words.size() != (is_list ? 3U : 4U)) return WrongUsage();
  command.service = words[2].substr(0, dot);
  command.consumer = words[2].substr(dot + 1);
  if (!is_list) command.key = words[3];
  return command;
}

absl::StatusOr<std::vector<std::string>> RunParked(const ParkedCommand& command,
                                                   events::Parking& parking, Deadline deadline) {
  LOTURA_ASSIGN_OR_RETURN(const std::vector<events::ParkedKey> keys,
                          parking.ListParked(kKeysMax, deadline));
  std::vector<std::string> lines;
  if (command.verb == ParkedCommand::Verb::kList) {
    for (const events::ParkedKey& key : keys) lines.push_back(Line(key));
    return lines;
  }
  const auto found = std::ranges::find_if(
      keys, [&](const events::ParkedKey& key) { return Printed(key.key) == command.key; });
  if (found == keys.end()) return NotFound("parked key", command.key);
  const auto handled = command.verb == ParkedCommand::Verb::kRetry
                           ? parking.RetryParked(found->tenant, found->key, deadline)
                           : parking.DiscardParked(found->tenant, found->key, deadline);
  if (!handled.ok()) return handled.status();
  lines.push_back(fmt::format("{} events were handled", *handled));
  return lines;
}

}  // namespace lotura::host
