// The names of all metrics in use, held in a file: so that a dashboard breaks in a test and not in
// production.
#pragma once

#include <string>

#include "libs/observe/metrics.h"

namespace lotura::observe {

// What differs from the catalog in the file: "+ line" for what is new, "- line" for what is gone.
// Empty if nothing does.
std::string DifferenceFromGolden(const Metrics& metrics, const std::string& path);

}  // namespace lotura::observe
