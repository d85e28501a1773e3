// What an operator does about events that could not be handled, on the command line.
#pragma once

#include <absl/status/statusor.h>

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "libs/events/parking.h"

namespace lotura::host {

// The words before the flags: parked list|retry|discard <service>.<consumer> [<key>].
struct ParkedCommand {
  enum class Verb { kList, kRetry, kDiscard };

  Verb verb = Verb::kList;
  std::string service;
  std::string consumer;
  // As list prints it.
  std::string key;

  // INVALID_ARGUMENT (WRONG_USAGE) says how it is used.
  static absl::StatusOr<ParkedCommand> Parse(std::span<const std::string> words);
};

// The lines to print: for list, one for each key that waits, as "key, events, attempts, time of the
// last failure, reason, message", separated by tabs.
absl::StatusOr<std::vector<std::string>> RunParked(const ParkedCommand& command,
                                                   events::Parking& parking, Deadline deadline);

}  // namespace lotura::host
