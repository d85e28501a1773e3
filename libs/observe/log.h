// JSON lines on stdout. A line cannot carry personal data by accident: its message is a constant of
// the program and its fields are those listed here.
#pragma once

#include <atomic>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "libs/observe/metrics.h"

namespace lotura::observe {

namespace internal {
class LogWriter;
}  // namespace internal

enum class Level { kDebug, kInfo, kWarning, kError };

const char* NameOf(Level level);
std::optional<Level> ParseLevel(std::string_view name);

// Text from a library or a driver without what stood in quotes, parentheses or beside an "@": those
// parts quote user data
// ("Key (email)=(x) already exists").
class Redacted {
 public:
  explicit Redacted(std::string_view text);
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};

// One field of a line. Points to the text that it was made from: for the duration of a call of
// Write only.
class Field {
 public:
  using Value = std::variant<std::string_view, std::int64_t, double>;

  [[nodiscard]] const char* name() const { return name_; }
  [[nodiscard]] const Value& value() const { return value_; }

 private:
  friend class TextKey;
  friend class NumberKey;
  friend class RedactedKey;
  constexpr Field(const char* name, Value value) : name_(name), value_(value) {}

  const char* name_;
  Value value_;
};

class TextKey {
 public:
  constexpr Field operator()(std::string_view text) const { return {name_, text}; }

 private:
  friend struct Fields;
  explicit constexpr TextKey(const char* name) : name_(name) {}
  const char* name_;
};

class NumberKey {
 public:
  template <std::integral Number>
  constexpr Field operator()(Number number) const {
    return {name_, static_cast<std::int64_t>(number)};
  }
  constexpr Field operator()(double number) const { return {name_, number}; }

 private:
  friend struct Fields;
  explicit constexpr NumberKey(const char* name) : name_(name) {}
  const char* name_;
};

class RedactedKey {
 public:
  Field operator()(const Redacted& text) const { return {name_, std::string_view(text.text())}; }

 private:
  friend struct Fields;
  explicit constexpr RedactedKey(const char* name) : name_(name) {}
  const char* name_;
};

// Every key a line may have. Names of records are not among them, since a caller may choose a
// person's name as an id.
struct Fields {
  static constexpr TextKey kAddress{"address"};
  static constexpr NumberKey kAttempt{"attempt"};
  static constexpr TextKey kCode{"code"};
  static constexpr TextKey kConfigKey{"config_key"};
  static constexpr TextKey kConsumer{"consumer"};
  static constexpr NumberKey kCount{"count"};
  static constexpr NumberKey kDurationMs{"duration_ms"};
  static constexpr RedactedKey kError{"error"};
  static constexpr TextKey kErrorId{"error_id"};
  static constexpr TextKey kEventId{"event_id"};
  static constexpr TextKey kEventType{"event_type"};
  static constexpr TextKey kKeyId{"key_id"};
  static constexpr NumberKey kLagMs{"lag_ms"};
  static constexpr NumberKey kLimit{"limit"};
  static constexpr TextKey kMethod{"method"};
  static constexpr NumberKey kOffset{"offset"};
  static constexpr NumberKey kPartition{"partition"};
  static constexpr TextKey kPath{"path"};
  static constexpr NumberKey kPort{"port"};
  static constexpr TextKey kQuery{"query"};
  static constexpr TextKey kReason{"reason"};
  static constexpr TextKey kRequestId{"request_id"};
  static constexpr TextKey kResourceType{"resource_type"};
  static constexpr TextKey kSignal{"signal"};
  static constexpr NumberKey kSizeBytes{"size_bytes"};
  static constexpr TextKey kSpanId{"span_id"};
  static constexpr TextKey kState{"state"};
  static constexpr TextKey kTable{"table"};
  static constexpr TextKey kTarget{"target"};
  static constexpr TextKey kTenant{"tenant"};
  static constexpr TextKey kTopic{"topic"};
  static constexpr TextKey kTraceId{"trace_id"};
  static constexpr TextKey kUser{"user"};
  static constexpr TextKey kVersion{"schema_version"};
};

// A text that stands in the program.
class ConstantText {
 public:
  consteval ConstantText(const char* text) : text_(text) {}  // NOLINT(google-explicit-constructor)
  [[nodiscard]] std::string_view text() const { return text_; }

 private:
  std::string_view text_;
};

struct LogOptions {
  std::string service;
  std::string version = {};
  Level level = Level::kInfo;
  // Where lines go; not closed.
  int descriptor = 1;
};

// Writes lines without ever blocking its caller: a thread writes them out, and when nobody reads
// them, they are dropped and counted beyond 1 MiB. A line is at most 8 KiB long; fields with an
// empty text are left out. Thread-safe. Views of other services share the thread and the level.
class Log {
 public:
  Log(const LogOptions& options, const Metrics& metrics);
  [[nodiscard]] Log ForService(std::string service) const;

  [[nodiscard]] bool Enabled(Level level) const {
    return level >= level_->load(std::memory_order_relaxed);
  }
  void SetLevel(Level level) const { level_->store(level, std::memory_order_relaxed); }

  void Write(Level level, ConstantText message, std::initializer_list<Field> fields = {}) const {
    if (Enabled(level)) Append(level, message.text(), fields);
  }
  void Debug(ConstantText message, std::initializer_list<Field> fields = {}) const {
    Write(Level::kDebug, message, fields);
  }
  void Info(ConstantText message, std::initializer_list<Field> fields = {}) const {
    Write(Level::kInfo, message, fields);
  }
  void Warning(ConstantText message, std::initializer_list<Field> fields = {}) const {
    Write(Level::kWarning, message, fields);
  }
  void Error(ConstantText message, std::initializer_list<Field> fields = {}) const {
    Write(Level::kError, message, fields);
  }

  // Waits until what was written so far is out, at most for a second.
  void Flush() const;

 private:
  void Append(Level level, std::string_view message, std::initializer_list<Field> fields) const;

  std::shared_ptr<internal::LogWriter> writer_;  // shared by the services of one process
  std::shared_ptr<std::atomic<Level>> level_;    // shared likewise
  std::string service_;
  std::string version_;
};

}  // namespace lotura::observe
