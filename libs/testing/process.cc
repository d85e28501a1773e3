#include "libs/testing/process.h"

#include <fcntl.h>
#include <pwd.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>

#include "libs/base/check.h"

extern char** environ;

namespace lotura::testing {
namespace {

constexpr char kServerUser[] = "postgres";

pid_t Spawn(std::vector<std::string> command, const std::string& log, RunAs run_as) {
  // setpriv ends the child with its parent, and takes root's rights from servers that refuse them.
  std::vector<std::string> full = {"setpriv", "--pdeathsig", "KILL"};
  if (geteuid() == 0 && run_as == RunAs::kServerUser) {
    full.insert(full.end(), {"--reuid", kServerUser, "--regid", kServerUser, "--clear-groups"});
  }
  full.push_back("--");
  full.insert(full.end(), command.begin(), command.end());
  std::vector<char*> arguments;
  for (std::string& part : full) arguments.push_back(part.data());
  arguments.push_back(nullptr);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, log.c_str(),
                                   O_WRONLY | O_CREAT | O_APPEND, 0644);
  posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
  pid_t pid = -1;
  const int error = posix_spawnp(&pid, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  LOTURA_CHECK(error == 0);
  return pid;
}

int WaitFor(pid_t pid) {
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

}  // namespace

TempDir::TempDir() : path_((std::filesystem::temp_directory_path() / "lotura-XXXXXX").string()) {
  LOTURA_CHECK(mkdtemp(path_.data()) != nullptr);
}

TempDir::~TempDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

void TempDir::GiveToServerUser() const {
  if (geteuid() != 0) return;
  const passwd* user = getpwnam(
      kServerUser);  // NOLINT(concurrency-mt-unsafe): tests start their servers from one thread
  LOTURA_CHECK(user != nullptr);
  LOTURA_CHECK(chown(path_.c_str(), user->pw_uid, user->pw_gid) == 0);
}

ChildProcess::ChildProcess(std::vector<std::string> command, const std::string& log,
                           int stop_signal, RunAs run_as)
    : pid_(Spawn(std::move(command), log, run_as)), stop_signal_(stop_signal) {}

ChildProcess::~ChildProcess() {
  if (pid_ < 0) return;
  Signal(stop_signal_);
  WaitFor(pid_);
}

void ChildProcess::Signal(int signal) const { kill(pid_, signal); }

int ChildProcess::Wait() { return WaitFor(std::exchange(pid_, -1)); }

int RunCommand(std::vector<std::string> command, const std::string& log) {
  const int status = WaitFor(Spawn(std::move(command), log, RunAs::kServerUser));
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

}  // namespace lotura::testing
