#include "libs/rpc/priority.h"

namespace lotura::rpc {
namespace {

constexpr std::string_view kSpace = " \t";
constexpr char kDefaultUrgency = '3';

std::string_view Trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

// The length of the first member of a dictionary: a comma within a string separates nothing.
std::size_t MemberLength(std::string_view dictionary) {
  bool quoted = false;
  for (std::size_t i = 0; i < dictionary.size(); ++i) {
    if (dictionary[i] == ',' && !quoted) return i;
    if (dictionary[i] == '"') quoted = !quoted;
    if (dictionary[i] == '\\' && quoted) ++i;
  }
  return dictionary.size();
}

}  // namespace

const char* NameOf(Priority priority) {
  return priority == Priority::kBulk ? "bulk" : "interactive";
}

Priority ParsePriority(std::string_view header) {
  constexpr std::string_view kKey = "u=";
  char urgency = kDefaultUrgency;
  for (std::string_view rest = header; !rest.empty();) {
    const std::size_t length = MemberLength(rest);
    std::string_view member = Trim(rest.substr(0, length));
    rest.remove_prefix(length < rest.size() ? length + 1 : length);
    if (!member.starts_with(kKey)) continue;
    member = Trim(member.substr(kKey.size(), member.find(';') - kKey.size()));
    // The last one of a name counts.
    const bool in_range = member.size() == 1 && member[0] >= '0' && member[0] <= '7';
    urgency = in_range ? member[0] : kDefaultUrgency;
  }
  return urgency > kDefaultUrgency ? Priority::kBulk : Priority::kInteractive;
}

}  // namespace lotura::rpc
