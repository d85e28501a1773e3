// Named places at which a trial may end the process.
#pragma once

namespace lotura::crash {

// Nothing, in every program that is shipped. A program of the trials is linked with the armed
// library instead: there the process is killed, as by SIGKILL, when it passes the point that
// CRASH_POINT names for the CRASH_TURN-th time (the first, unless told). From any thread.
void Point(const char* name);

}  // namespace lotura::crash
