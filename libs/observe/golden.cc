#include "libs/observe/golden.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>

namespace lotura::observe {
namespace {

using Lines = std::set<std::string>;

Lines LinesOf(std::istream& text) {
  Lines lines;
  for (std::string line; std::getline(text, line);) {
    if (!line.empty()) lines.insert(line);
  }
  return lines;
}

void AppendMissing(std::string& difference, char sign, const Lines& from, const Lines& in) {
  Lines missing;
  std::set_difference(from.begin(), from.end(), in.begin(), in.end(),
                      std::inserter(missing, missing.end()));
  for (const std::string& line : missing) difference += std::string(1, sign) + " " + line + "\n";
}

}  // namespace

std::string DifferenceFromGolden(const Metrics& metrics, const std::string& path) {
  std::istringstream catalog(metrics.Catalog());
  std::ifstream file(path);
  const Lines used = LinesOf(catalog);
  const Lines golden = LinesOf(file);
  std::string difference;
  AppendMissing(difference, '+', used, golden);
  AppendMissing(difference, '-', golden, used);
  return difference;
}

}  // namespace lotura::observe
