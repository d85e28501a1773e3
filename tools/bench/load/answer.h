// What a server answers to one unary call of gRPC.
#pragma once

#include <absl/status/status.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace lotura::bench {

// Collects headers, message and trailers as they come, and says in the end what they mean. A status
// in the first headers alone (an answer of trailers only) counts like one in the trailers. Not
// thread-safe.
class Answer {
 public:
  void TakeHeader(std::string_view name, std::string_view value);
  void TakeData(std::string_view bytes);
  // The stream was closed with an error code of HTTP/2, 0 for none. OK only if the server said so
  // and sent one whole message.
  [[nodiscard]] absl::Status ToStatus(std::uint32_t http2_error) const;
  // What an answer that is OK holds.
  [[nodiscard]] std::string_view message() const;
  // Ready for the next call; keeps its memory.
  void Clear();

 private:
  static constexpr std::size_t kPrefixSize = 5;
  static constexpr int kNoCode = -1;

  [[nodiscard]] bool HasOneMessage() const;

  int code_ = kNoCode;
  std::string text_;
  std::string details_;
  // The flag and the length, and the message behind them.
  std::string data_;
};

}  // namespace lotura::bench
