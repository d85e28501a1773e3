// admin: what operators do with the credentials of the services themselves.
#pragma once

#include <absl/status/status.h>

#include <span>
#include <string>
#include <vector>

namespace lotura::cli {

struct ReplayTopicFlags {
  std::string service;
  std::string topic;
  std::string after;
  std::string from;
  std::string until;
  std::string tenant;
  std::vector<std::string> resource_types;
  std::vector<std::string> event_types;
  std::vector<std::string> names;
  bool dry_run = false;
};

struct ReplayProjectionFlags {
  std::string consumer;
  bool keep_rows = false;
  bool dry_run = false;
};

// The words that lotura-all understands: see libs/host/replay_command.h.
std::vector<std::string> WordsOf(const ReplayTopicFlags& flags);
std::vector<std::string> WordsOf(const ReplayProjectionFlags& flags);

// What of an environment ("NAME=value") is for lotura-all: all but the variables of this program.
std::vector<std::string> ServiceEnvironment(std::span<const std::string> environment);

// Replaces this process by the lotura-all beside it, which does what the words say with the
// settings of its environment. Returns only if there is none: UNAVAILABLE (PROGRAM_MISSING).
absl::Status BecomeServices(const std::vector<std::string>& words);

}  // namespace lotura::cli
