// A descriptor of the kernel that is closed by its owner.
#pragma once

#include <unistd.h>

#include <utility>

namespace lotura::bench {

// Not thread-safe.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() { Close(); }
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, kNone)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    Close();
    number_ = std::exchange(other.number_, kNone);
    return *this;
  }

  [[nodiscard]] int number() const { return number_; }
  [[nodiscard]] bool valid() const { return number_ >= 0; }

 private:
  static constexpr int kNone = -1;

  void Close() const {
    if (valid()) close(number_);
  }

  int number_ = kNone;
};

}  // namespace lotura::bench
