// Crash points of a simulation, which lets processes die that are none to the operating system.
#pragma once

#include <functional>

namespace lotura::crash {

// Told of every point that this thread passes, as long as it lives; one at a time. Exists in
// programs that are linked with the told library.
class Listener {
 public:
  explicit Listener(std::function<void(const char* name)> told);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

 private:
  friend void Point(const char* name);

  const std::function<void(const char* name)> told_;
};

}  // namespace lotura::crash
