// Ids out of names.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace lotura::importer {

// Lower-case letters and digits with single hyphens between them: "Gekko & Co" is "gekko-co",
// "Müller" is "muller", "Москва" is "moskva". At most 63 characters; empty if nothing is left.
// Not thread-safe.
class SlugMaker {
 public:
  SlugMaker();
  ~SlugMaker();
  SlugMaker(const SlugMaker&) = delete;
  SlugMaker& operator=(const SlugMaker&) = delete;

  [[nodiscard]] std::string Make(std::string_view text) const;

 private:
  struct Transliteration;
  const std::unique_ptr<Transliteration> transliteration_;
};

}  // namespace lotura::importer
