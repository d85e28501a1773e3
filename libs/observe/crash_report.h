// Tells where a process crashed.
#pragma once

namespace lotura::observe {

// From here on a process that a fault ends (SIGSEGV, SIGABRT, SIGBUS, SIGILL, SIGFPE) leaves lines
// on its standard error, in the form of the log's: one with the signal, and one for each function
// that the thread was in, as library, place in it, and name where it has one. Then it ends by the
// signal, as it would have, after 5 seconds at the latest. A stack that overflowed has no room for
// a report: it leaves nothing.
void ReportCrashes();

}  // namespace lotura::observe
