// A course of action with a stack of its own, that is left and taken up again by hand.
#pragma once

#include <ucontext.h>

#include <cstddef>
#include <functional>

namespace lotura::simulation {

// Production code is written as plain blocking functions. On a fiber they may be held up wherever
// they call a seam, and others go on meanwhile, all on one thread. Used by one thread.
class Fiber {
 public:
  explicit Fiber(std::function<void()> body);
  // The body has ended.
  ~Fiber();
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  // Goes on until the body yields or ends.
  void Resume();
  // Back to whoever resumed it; called by the body.
  void Yield();
  [[nodiscard]] bool done() const { return done_; }

 private:
  static void Enter(unsigned low, unsigned high);
  void Run();

  std::function<void()> body_;
  std::byte* stack_;
  ucontext_t own_{};
  ucontext_t resumer_{};
  bool done_ = false;
  // What the address sanitizer wants to know of the stack that a switch comes back to.
  void* own_shadow_ = nullptr;
  const void* resumer_bottom_ = nullptr;
  std::size_t resumer_bytes_ = 0;
};

}  // namespace lotura::simulation
