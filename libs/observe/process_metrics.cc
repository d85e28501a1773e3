#include "libs/observe/process_metrics.h"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>

namespace lotura::observe::internal {
namespace {

double Seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

double CountEntries(const char* folder) {
  DIR* directory = opendir(folder);
  if (directory == nullptr) return 0;
  double entries = -2;  // "." and ".." are none
  // The stream is used by this thread alone.
  while (readdir(directory) != nullptr) ++entries;  // NOLINT(concurrency-mt-unsafe)
  closedir(directory);
  return entries;
}

double ResidentBytes() {
  std::ifstream statm("/proc/self/statm");
  double total = 0;
  double resident = 0;
  statm >> total >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE));
}

}  // namespace

void ProcessMetrics::Update() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const double cpu = Seconds(usage.ru_utime) + Seconds(usage.ru_stime);
  cpu_seconds_.Add(std::max(0.0, cpu - cpu_seconds_.value()));
  resident_bytes_.Set(ResidentBytes());
  open_files_.Set(CountEntries("/proc/self/fd"));
  threads_.Set(CountEntries("/proc/self/task"));
}

}  // namespace lotura::observe::internal
