#include "tests/simulation/fiber.h"

#include <sys/mman.h>

#include <cstdint>
#include <utility>

#include "libs/base/check.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#endif

namespace lotura::simulation {
namespace {

// Memory that is not touched costs nothing.
constexpr std::size_t kStackBytes = 1 << 20;
// Whoever needs more than that ends here, and not in the memory of another.
constexpr std::size_t kGuardBytes = 1 << 12;

#if defined(__SANITIZE_ADDRESS__)
void BeginSwitch(void** shadow, const void* bottom, std::size_t bytes) {
  __sanitizer_start_switch_fiber(shadow, bottom, bytes);
}
void EndSwitch(void* shadow, const void** bottom, std::size_t* bytes) {
  __sanitizer_finish_switch_fiber(shadow, bottom, bytes);
}
#else
void BeginSwitch(void** /*shadow*/, const void* /*bottom*/, std::size_t /*bytes*/) {}
void EndSwitch(void* /*shadow*/, const void** /*bottom*/, std::size_t* /*bytes*/) {}
#endif

}  // namespace

Fiber::Fiber(std::function<void()> body)
    : body_(std::move(body)),
      stack_(
          static_cast<std::byte*>(mmap(nullptr, kGuardBytes + kStackBytes, PROT_READ | PROT_WRITE,
                                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))) {
  LOTURA_CHECK(stack_ != MAP_FAILED);
  LOTURA_CHECK(mprotect(stack_, kGuardBytes, PROT_NONE) == 0);
  LOTURA_CHECK(getcontext(&own_) == 0);
  own_.uc_stack.ss_sp = stack_ + kGuardBytes;
  own_.uc_stack.ss_size = kStackBytes;
  own_.uc_link = nullptr;
  // The function is called with numbers of the size of an int.
  const auto self = reinterpret_cast<std::uintptr_t>(this);
  makecontext(&own_, reinterpret_cast<void (*)()>(&Fiber::Enter), 2, static_cast<unsigned>(self),
              static_cast<unsigned>(self >> 32));
}

Fiber::~Fiber() {
  LOTURA_CHECK(done_);
  LOTURA_CHECK(munmap(stack_, kGuardBytes + kStackBytes) == 0);
}

void Fiber::Enter(unsigned low, unsigned high) {
  const std::uintptr_t self = static_cast<std::uintptr_t>(high) << 32 | low;
  // NOLINTNEXTLINE(performance-no-int-to-ptr): makecontext passes on nothing but numbers.
  reinterpret_cast<Fiber*>(self)->Run();
}

void Fiber::Run() {
  EndSwitch(nullptr, &resumer_bottom_, &resumer_bytes_);
  body_();
  body_ = nullptr;
  done_ = true;
  // Without a place for its shadow: this stack is not come back to.
  BeginSwitch(nullptr, resumer_bottom_, resumer_bytes_);
  setcontext(&resumer_);
}

void Fiber::Resume() {
  LOTURA_CHECK(!done_);
  void* shadow = nullptr;
  BeginSwitch(&shadow, stack_ + kGuardBytes, kStackBytes);
  LOTURA_CHECK(swapcontext(&resumer_, &own_) == 0);
  EndSwitch(shadow, nullptr, nullptr);
}

void Fiber::Yield() {
  BeginSwitch(&own_shadow_, resumer_bottom_, resumer_bytes_);
  LOTURA_CHECK(swapcontext(&own_, &resumer_) == 0);
  EndSwitch(own_shadow_, &resumer_bottom_, &resumer_bytes_);
}

}  // namespace lotura::simulation
