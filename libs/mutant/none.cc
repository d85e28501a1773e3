// Uses of rights in programs that are shipped: none is left out.
#include "libs/mutant/use.h"

namespace lotura::mutant {

bool Omits(const char* /*use*/) { return false; }

}  // namespace lotura::mutant
