// The headers of a load's calls.
#pragma once

#include <nghttp2/nghttp2.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace lotura::bench {

struct CallShape {
  // "lotura.accounts.v1.PersonService/CreatePerson"
  std::string method;
  std::string authority;
  // Empty: none.
  std::string token;
  // Of RFC 9218, "u=7"; empty: none.
  std::string priority;
  std::chrono::milliseconds deadline;
};

// The same for all calls, so that HPACK sends nearly all of them as one byte each. The deadline is
// told as a whole even by a call that had to wait before it was sent; its caller counts exactly.
class RequestHeaders {
 public:
  explicit RequestHeaders(const CallShape& shape);
  RequestHeaders(const RequestHeaders&) = delete;
  RequestHeaders& operator=(const RequestHeaders&) = delete;

  // Points into this object.
  [[nodiscard]] const std::vector<nghttp2_nv>& fields() const { return fields_; }

 private:
  std::vector<std::pair<std::string, std::string>> texts_;
  std::vector<nghttp2_nv> fields_;
};

}  // namespace lotura::bench
