// One line on a terminal that shows how far long work has come.
#pragma once

#include <chrono>
#include <cstddef>
#include <mutex>
#include <ostream>
#include <string>

#include "tools/lotura/terminal/style.h"

namespace lotura::terminal {

// Draws on a terminal alone, at most ten times a second. Thread-safe.
class ProgressBar {
 public:
  ProgressBar(std::ostream& out, Style style) : out_(out), style_(style) {}
  // Wipes the line.
  ~ProgressBar() { Finish(); }
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  // A new piece of work of `total` units.
  void Begin(std::string label, std::size_t total);
  void Advance(std::size_t units);
  // What stands behind the bar, for example that a service is being waited for; empty: nothing.
  void Note(std::string note);
  void Finish();

 private:
  void Draw();

  std::ostream& out_;
  const Style style_;
  std::mutex mutex_;  // guards all below
  std::string label_;
  std::string note_;
  std::size_t total_ = 0;
  std::size_t done_ = 0;
  bool shown_ = false;
  std::chrono::steady_clock::time_point drawn_;
};

}  // namespace lotura::terminal
