// Whether more work comes than is done, which no queue can outlast.
#pragma once

#include <cstdint>

#include "libs/base/clock.h"

namespace lotura {

// Counts what comes and what is done in spans of a quarter of a second. Callers who wait for their
// answers come no faster than answers leave, however many they are and however long they wait; so
// the length of a queue alone says nothing. It is overload when clearly more came than was done in
// each of eight spans in a row, and it ends with the first span of which that is not true. A second
// of standing still, as a slow disk has it, or of a server that is busy with itself, is no
// overload. Not thread-safe.
class Overload {
 public:
  using Point = Deadline::Point;

  explicit Overload(Point now) : since_(now) {}

  void Came(Point now) {
    Advance(now);
    ++came_;
  }
  void Did(Point now) {
    Advance(now);
    ++done_;
  }
  [[nodiscard]] bool IsOn() const { return spans_ >= kSpans; }
  // Whether one more must not wait: what is worked on at once and what is done within `patience`,
  // as of the last whole span, may wait under overload.
  [[nodiscard]] bool Forbids(std::size_t waiting, std::size_t at_once,
                             Point::duration patience) const;

 private:
  static constexpr std::chrono::milliseconds kSpan{250};
  static constexpr int kSpans = 8;

  void Advance(Point now) {
    if (now - since_ >= kSpan) EndSpan(now);
  }
  void EndSpan(Point now);

  Point since_;
  std::uint64_t came_ = 0;
  std::uint64_t done_ = 0;
  double done_per_second_ = 0;
  // Spans in a row in which clearly more came than was done.
  int spans_ = 0;
};

}  // namespace lotura
