// Whether more calls come than are answered, which no queue can outlast.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "libs/base/clock.h"

namespace lotura::rpc {

// Counts what comes and what is done in spans of a quarter of a second. Callers who wait for their
// answers come no faster than answers leave, however many they are and however long they wait; so
// how many wait says nothing alone. It is overload when clearly more came than was done in each of
// eight spans in a row, or of two if the last overload ended less than ten seconds ago. It ends
// with four spans in a row of which that is not true: one in which a server makes up for a moment
// of standing still does not end it. A second of standing still, as a slow disk has it, is no
// overload. Not thread-safe.
class Overload {
 public:
  using Point = Deadline::Point;

  explicit Overload(Point now) : since_(now) {}

  void Came(Point now) {
    Advance(now);
    ++came_;
  }
  void Did(Point::duration took, Point now) {
    Advance(now);
    ++done_;
    took_ += took;
  }
  // Ends spans that are over, also when nobody comes or goes.
  void Look(Point now) { Advance(now); }
  // It is overload for a reason that is no matter of counting.
  void Begin() {
    is_on_ = true;
    steady_ = 0;
  }
  [[nodiscard]] bool IsOn() const { return is_on_; }
  // How many were done in a second, in the best of the last eight spans.
  [[nodiscard]] double DonePerSecond() const;
  // How long one took on average while there was no overload; zero as long as nothing was done. Of
  // what is quicker a span counts an eighth, of what is slower a 64th and twice the value at most.
  [[nodiscard]] Point::duration Usual() const { return usual_; }

 private:
  static constexpr std::chrono::milliseconds kSpan{250};
  static constexpr int kToBegin = 8;
  static constexpr int kToBeginAgain = 2;
  static constexpr int kToEnd = 4;
  static constexpr std::chrono::seconds kRecently{10};

  void Advance(Point now) {
    if (now - since_ >= kSpan) EndSpan(now);
  }
  void EndSpan(Point now);
  void Grew(Point now);
  void Stayed(Point::duration lasted, Point now);
  void LearnUsual();

  Point since_;
  std::uint64_t came_ = 0;
  std::uint64_t done_ = 0;
  Point::duration took_{};
  std::array<double, 8> done_per_second_{};
  std::size_t next_ = 0;
  Point::duration usual_{};
  bool is_on_ = false;
  // When the last one ended.
  std::optional<Point> ended_;
  // Spans in a row in which clearly more came than was done, and in which not.
  int growing_ = 0;
  int steady_ = 0;
};

}  // namespace lotura::rpc
