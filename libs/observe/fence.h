// The last place that an exception can reach: around a handler, and at the entry of a thread.
#pragma once

#include <exception>
#include <string>
#include <string_view>
#include <type_traits>

namespace lotura::observe {

// What `body` returns, or what `escaped` makes of the text of an exception that left it, which is a
// bug. The text holds user data: it goes into the log alone, through Redacted.
template <typename Body, typename Escaped>
std::invoke_result_t<Body&> Fenced(Body&& body, Escaped&& escaped) {
  try {
    return body();
  } catch (const std::exception& exception) {
    return escaped(std::string_view(exception.what()));
  } catch (...) {
    return escaped(std::string_view("not a std::exception"));
  }
}

// Names one such event in the log and to whoever is told of it: 16 hexadecimal digits.
std::string NewErrorId();

}  // namespace lotura::observe
