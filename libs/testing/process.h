// A server that a test starts as its child, on private sockets, and that ends with it.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace lotura::testing {

// Makes a private directory under the system's temporary one and removes it with everything inside.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  // Gives the directory to the user that servers run as, when the test runs as root.
  void GiveToServerUser() const;

 private:
  std::string path_;
};

// Who a child runs as when the test runs as root.
enum class RunAs {
  // Servers such as PostgreSQL refuse to run as root.
  kServerUser,
  kCaller,
};

// The process is ended by the signal that is given when this object goes, and by the kernel should
// the test die.
class ChildProcess {
 public:
  // Output goes to `log`.
  ChildProcess(std::vector<std::string> command, const std::string& log, int stop_signal,
               RunAs run_as = RunAs::kServerUser);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  void Signal(int signal) const;
  // Waits for the end; the status is that of waitpid.
  int Wait();

 private:
  pid_t pid_ = -1;
  int stop_signal_;
};

// Runs a command to its end and returns its exit code.
int RunCommand(std::vector<std::string> command, const std::string& log);

}  // namespace lotura::testing
