#include "tools/lotura/terminal/progress_bar.h"

#include <fmt/format.h>

#include "tools/lotura/terminal/display_width.h"

namespace lotura::terminal {
namespace {

constexpr std::chrono::milliseconds kInterval{100};
constexpr std::size_t kBarColumns = 30;

}  // namespace

void ProgressBar::Begin(std::string label, std::size_t total) {
  const std::lock_guard lock(mutex_);
  label_ = std::move(label);
  note_.clear();
  total_ = total;
  done_ = 0;
  drawn_ = {};
  Draw();
}

void ProgressBar::Advance(std::size_t units) {
  const std::lock_guard lock(mutex_);
  done_ += units;
  note_.clear();
  Draw();
}

void ProgressBar::Note(std::string note) {
  const std::lock_guard lock(mutex_);
  note_ = std::move(note);
  Draw();
}

void ProgressBar::Finish() {
  const std::lock_guard lock(mutex_);
  if (!shown_) return;
  out_ << "\r\x1b[K" << std::flush;
  shown_ = false;
}

void ProgressBar::Draw() {
  if (!style_.is_terminal || total_ == 0) return;
  const auto now = std::chrono::steady_clock::now();
  if (now - drawn_ < kInterval && done_ < total_) return;
  drawn_ = now;
  shown_ = true;
  const double fraction = static_cast<double>(done_) / static_cast<double>(total_);
  const std::string bar = style_.Bar(fraction, kBarColumns);
  const std::string rest(kBarColumns - std::min(kBarColumns, DisplayWidth(bar)), ' ');
  const std::string text =
      fmt::format("{} [{}{}] {}/{} {}", label_, bar, rest, done_, total_, note_);
  out_ << "\r\x1b[K" << Shortened(Printable(text), style_.width - 1) << std::flush;
}

}  // namespace lotura::terminal
