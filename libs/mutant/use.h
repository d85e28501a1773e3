// Named places at which the platform asks what a caller may do.
#pragma once

namespace lotura::mutant {

// Whether the place goes on as if the caller might do everything. False, in every program that is
// shipped. A program of the trials is linked with the armed library instead: there it is true of
// the place that OMITTED_USE names. From any thread.
bool Omits(const char* use);

}  // namespace lotura::mutant
