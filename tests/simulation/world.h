// Time that passes only when nothing else can happen, and who acts next.
#pragma once

#include <fmt/format.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <string>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/uuid.h"
#include "tests/simulation/chance.h"
#include "tests/simulation/fiber.h"

namespace lotura::simulation {

enum class Lines { kDropped, kKept };

// Everything that happens in a simulation happens here, one thing after the other, in an order that
// follows from the seed alone. Used by one thread.
class World final : public Clock {
 public:
  using Span = std::chrono::microseconds;
  using Actor = std::size_t;

  World(std::uint64_t seed, Lines lines) : chance_(seed), lines_kept_(lines) {}
  // Every actor has ended.
  ~World() override = default;
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  [[nodiscard]] Instant Now() const override { return now_; }
  [[nodiscard]] Chance& chance() { return chance_; }

  // The body begins soon, and may pause and rest. `passes` is told of points of the code.
  Actor Start(std::function<void()> body, std::function<void(const char*)> passes = {});
  // An action that does not pause.
  void After(Span span, std::function<void()> action);
  [[nodiscard]] Actor acting() const;
  // The acting actor goes on when the span is over.
  void Pause(Span span);
  // The same, or when somebody wakes it.
  void Rest(Span span);
  // Does nothing to an actor that does not rest.
  void Wake(Actor actor);
  [[nodiscard]] bool HasEnded(Actor actor) const { return actors_[actor].fiber == nullptr; }

  // The acting actor passes a named point of the code.
  void Pass(const char* point);

  // Lets things happen until `reached`, until the time limit, or until nothing can happen any more.
  // True if it was reached.
  bool RunUntil(const std::function<bool()>& reached, Span limit);

  // One line of the history.
  template <typename... Args>
  void Note(fmt::format_string<Args...> format, Args&&... args) {
    line_.clear();
    fmt::format_to(std::back_inserter(line_), format, std::forward<Args>(args)...);
    AddLine();
  }
  // What the history comes to: equal for equal histories.
  [[nodiscard]] std::uint64_t hash() const { return hash_; }
  [[nodiscard]] const std::vector<std::string>& lines() const { return lines_; }

  // What must not be. The first one counts.
  void Violate(std::string what);
  [[nodiscard]] const std::optional<std::string>& violation() const { return violation_; }

 private:
  struct Course {
    // Null when it has ended.
    std::unique_ptr<Fiber> fiber;
    std::function<void(const char*)> passes;
    // Of the turn that it waits for: others are out of date.
    std::uint64_t turn = 0;
    bool rests = false;
  };
  struct Happening {
    Instant time;
    // Decides between what happens at the same time.
    std::uint64_t order = 0;
    std::uint64_t number = 0;
    // An actor's turn, or an action.
    Actor actor = 0;
    std::uint64_t turn = 0;
    std::shared_ptr<std::function<void()>> action;  // shared by copies of one happening

    friend bool operator>(const Happening& a, const Happening& b) {
      return std::tie(a.time, a.order, a.number) > std::tie(b.time, b.order, b.number);
    }
  };

  void Schedule(Actor actor, Span span);
  void Happen(const Happening& happening);
  void AddLine();

  Chance chance_;
  const Lines lines_kept_;
  Instant now_{std::chrono::sys_days{std::chrono::year{2026} / 1 / 15} + std::chrono::hours(12)};
  std::priority_queue<Happening, std::vector<Happening>, std::greater<>> happenings_;
  std::uint64_t happenings_made_ = 0;
  std::vector<Course> actors_;
  std::optional<Actor> acting_;
  std::uint64_t hash_ = 0xcbf29ce484222325ULL;
  std::string line_;
  std::vector<std::string> lines_;
  std::optional<std::string> violation_;
};

// Ids that follow from the seed.
class SeededIds final : public IdSource {
 public:
  explicit SeededIds(Chance& chance) : chance_(chance) {}
  Uuid Next() override;

 private:
  Chance& chance_;
};

}  // namespace lotura::simulation
