#include "tools/bench/load/answer.h"

#include <nghttp2/nghttp2.h>

#include <charconv>

#include "libs/base/crypto.h"
#include "libs/base/errors.h"
#include "libs/base/hex.h"
#include "libs/rpc/wire_status.h"

namespace lotura::bench {
namespace {

using absl::StatusCode;

// A code that is none stands for UNKNOWN, as gRPC has it.
int CodeOf(std::string_view text) {
  constexpr int kHighest = static_cast<int>(StatusCode::kUnauthenticated);
  int code = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), code);
  const bool known = read.ec == std::errc() && read.ptr == text.data() + text.size() && code >= 0 &&
                     code <= kHighest;
  return known ? code : static_cast<int>(StatusCode::kUnknown);
}

std::string PercentDecoded(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::uint8_t byte = 0;
    if (text[i] == '%' && FromHex(text.substr(i + 1, 2), {&byte, 1})) {
      decoded += static_cast<char>(byte);
      i += 2;
    } else {
      decoded += text[i];
    }
  }
  return decoded;
}

// The table of gRPC's document "gRPC over HTTP2".
StatusCode CodeOfReset(std::uint32_t http2_error) {
  switch (http2_error) {
    case NGHTTP2_REFUSED_STREAM:
      return StatusCode::kUnavailable;
    case NGHTTP2_CANCEL:
      return StatusCode::kCancelled;
    case NGHTTP2_ENHANCE_YOUR_CALM:
      return StatusCode::kResourceExhausted;
    case NGHTTP2_INADEQUATE_SECURITY:
      return StatusCode::kPermissionDenied;
    default:
      return StatusCode::kInternal;
  }
}

absl::Status OfCode(StatusCode code, std::string message, std::string details = {}) {
  return rpc::FromWire({static_cast<int>(code), std::move(message), std::move(details)});
}

}  // namespace

void Answer::TakeHeader(std::string_view name, std::string_view value) {
  if (name == "grpc-status") {
    code_ = CodeOf(value);
  } else if (name == "grpc-message") {
    text_ = value;
  } else if (name == "grpc-status-details-bin") {
    details_ = value;
  }
}

void Answer::TakeData(std::string_view bytes) { data_ += bytes; }

bool Answer::HasOneMessage() const {
  if (data_.size() < kPrefixSize) return false;
  std::size_t size = 0;
  for (std::size_t i = 1; i < kPrefixSize; ++i) {
    size = size << 8 | static_cast<unsigned char>(data_[i]);
  }
  return data_.size() == kPrefixSize + size;
}

std::string_view Answer::message() const { return std::string_view(data_).substr(kPrefixSize); }

absl::Status Answer::ToStatus(std::uint32_t http2_error) const {
  if (code_ == kNoCode) {
    return http2_error == NGHTTP2_NO_ERROR
               ? OfCode(StatusCode::kUnknown, "the server ended the call without a status")
               : OfCode(CodeOfReset(http2_error), nghttp2_http2_strerror(http2_error));
  }
  if (code_ != 0) {
    return OfCode(static_cast<StatusCode>(code_), PercentDecoded(text_),
                  FromBase64(details_).value_or(std::string()));
  }
  if (!HasOneMessage()) return OfCode(StatusCode::kInternal, "OK without one whole message");
  return absl::OkStatus();
}

void Answer::Clear() {
  code_ = kNoCode;
  text_.clear();
  details_.clear();
  data_.clear();
}

}  // namespace lotura::bench
