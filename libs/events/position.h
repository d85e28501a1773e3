// Positions of the journal as text, for operators.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "libs/events/journal.h"

namespace lotura::events {

// "1/12345/678": epoch, transaction, sequence.
std::string ToText(const Position& position);
// Nothing if it is no position.
std::optional<Position> ParsePosition(std::string_view text);

}  // namespace lotura::events
