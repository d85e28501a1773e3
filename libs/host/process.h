// The main function of every binary that hosts services.
#pragma once

#include <span>
#include <vector>

#include "libs/host/service.h"

namespace lotura::host {

// Reads the settings, starts the services behind one door, waits for SIGTERM or SIGINT, drains, and
// returns the exit code: 0 after a clean end, 1 if it could not start or end cleanly, 2 for wrong
// settings. Answers --help, --check-config and --print-config-docs. With words before the settings
// it does what they say instead, beside the process that serves: see parked.h and replay_command.h.
int Main(int argc, char** argv, const std::vector<ServiceSpec>& services);

// The main function of lotura-migrate: applies the migrations of all services.
int MigrateMain(int argc, char** argv, const std::vector<ServiceSpec>& services);

}  // namespace lotura::host
