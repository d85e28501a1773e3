#include "libs/observe/crash_report.h"

#include <dlfcn.h>
#include <execinfo.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <csignal>
#include <cstdint>
#include <string_view>

namespace lotura::observe {
namespace {

constexpr std::array kFaults = {SIGSEGV, SIGABRT, SIGBUS, SIGILL, SIGFPE};
constexpr std::string_view kBegin = R"({"level":"fatal","message":"crash","trace":")";
constexpr std::string_view kEnd = "\"}\n";
constexpr std::size_t kTextMax = 512;
constexpr int kFramesMax = 64;
constexpr int kHex = 16;
// What is broken must not live on because its report does not get on.
constexpr unsigned kReportSecondsMax = 5;

// The thread that tells of a fault, or 0.
std::atomic<pid_t> teller = 0;

// One line in the form of the log's. A fault may come anywhere: nothing here allocates, which no
// library for this promises.
class Line {
 public:
  Line() { std::ranges::copy(kBegin, bytes_.data()); }

  Line& Text(std::string_view text) {
    for (const char c : text.substr(0, kBegin.size() + kTextMax - size_))
      bytes_[size_++] = Plain(c);
    return *this;
  }
  Line& Number(std::uint64_t number, int base) {
    std::array<char, 24> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number, base).ptr;
    return Text({digits.data(), static_cast<std::size_t>(end - digits.data())});
  }
  void Write() {
    std::ranges::copy(kEnd, bytes_.data() + size_);
    // A line that nobody takes is left out, as in the log.
    pollfd ready{.fd = STDERR_FILENO, .events = POLLOUT, .revents = 0};
    if (::poll(&ready, 1, 0) != 1) return;
    // Nobody could be told of a failure.
    [[maybe_unused]] const auto written =
        ::write(STDERR_FILENO, bytes_.data(), size_ + kEnd.size());
  }

 private:
  // Within a text of JSON.
  static char Plain(char c) {
    if (c == '"' || c == '\\') return '\'';
    return c < ' ' ? ' ' : c;
  }

  std::array<char, kBegin.size() + kTextMax + kEnd.size()> bytes_{};
  std::size_t size_ = kBegin.size();
};

void TellFrame(void* address) {
  const auto place = reinterpret_cast<std::uintptr_t>(address);  // NOLINT: shown as a number
  Line line;
  Dl_info found{};
  if (::dladdr(address, &found) == 0) {
    line.Number(place, kHex).Write();
    return;
  }
  const std::string_view path = found.dli_fname == nullptr ? "" : found.dli_fname;
  const auto base = reinterpret_cast<std::uintptr_t>(found.dli_fbase);  // NOLINT: likewise
  line.Text(path.substr(path.rfind('/') + 1)).Text("+0x").Number(place - base, kHex);
  if (found.dli_sname != nullptr) line.Text(" ").Text(found.dli_sname);
  line.Write();
}

void EndBy(int signal) {
  ::signal(signal, SIG_DFL);
  std::raise(signal);
}

// The loader may hold its lock for ever where the fault came.
void BoundReport() {
  ::signal(SIGALRM, SIG_DFL);
  sigset_t alarm;
  sigemptyset(&alarm);
  sigaddset(&alarm, SIGALRM);
  ::pthread_sigmask(SIG_UNBLOCK, &alarm, nullptr);
  ::alarm(kReportSecondsMax);
}

void Tell(int signal) {
  pid_t nobody = 0;
  if (!teller.compare_exchange_strong(nobody, ::gettid())) {
    // A fault within the report ends the process at once; another thread's waits for that.
    if (nobody == ::gettid()) EndBy(signal);
    for (;;) ::pause();
  }
  BoundReport();
  Line().Text("signal ").Number(static_cast<std::uint64_t>(signal), 10).Write();
  std::array<void*, kFramesMax> frames{};
  const int count = ::backtrace(frames.data(), kFramesMax);
  for (int i = 0; i < count; ++i) TellFrame(frames[static_cast<std::size_t>(i)]);
  EndBy(signal);
}

}  // namespace

void ReportCrashes() {
  // The first call loads a library, which no handler may do.
  std::array<void*, 1> warm{};
  ::backtrace(warm.data(), 1);
  struct sigaction action {};
  action.sa_handler = Tell;
  action.sa_flags = SA_NODEFER;
  for (const int fault : kFaults) ::sigaction(fault, &action, nullptr);
}

}  // namespace lotura::observe
