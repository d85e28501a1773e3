// Tells in the log where a process crashed.
#pragma once

namespace lotura::observe {

// From here on a process that a fault ends (SIGSEGV, SIGABRT, SIGBUS, SIGILL, SIGFPE) leaves lines
// of the log on its standard error: one with the signal, and one for each function that the thread
// was in, as library, place in it, and name where it has one. Then it ends by the signal, as it
// would have.
void ReportCrashes();

}  // namespace lotura::observe
