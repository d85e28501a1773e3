// Crash points of a simulation: whoever listens is told.
#include <utility>

#include "libs/crash/listener.h"
#include "libs/crash/point.h"

namespace lotura::crash {
namespace {

thread_local const Listener* listener = nullptr;

}  // namespace

Listener::Listener(std::function<void(const char* name)> told) : told_(std::move(told)) {
  listener = this;
}

Listener::~Listener() { listener = nullptr; }

void Point(const char* name) {
  if (listener != nullptr) listener->told_(name);
}

}  // namespace lotura::crash
