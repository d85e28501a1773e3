#include "libs/resource/filter_parser.h"

#include <fmt/format.h>

#include "libs/base/errors.h"
#include "libs/base/text.h"

namespace lotura::resource {
namespace {

using Kind = FilterSyntax::Kind;

// Where a word stands decides what may be in it: after a comparator a colon is part of the value,
// so that a time needs no quotes.
enum class Place { kTerm, kArgument };
enum class Keywords { kRefused, kAllowed };

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsQuote(char c) { return c == '"' || c == '\''; }
bool IsKeyword(std::string_view word) { return word == "AND" || word == "OR" || word == "NOT"; }

// One pass over the text, a function for each rule of the grammar.
class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  absl::StatusOr<FilterAst> Parse() {
    SkipSpace();
    if (AtEnd()) return FilterAst{};
    LOTURA_ASSIGN_OR_RETURN(FilterSyntax root, Expression());
    SkipSpace();
    if (!AtEnd()) return Unexpected("a term");
    return FilterAst{std::move(root)};
  }

 private:
  [[nodiscard]] bool AtEnd() const { return at_ >= text_.size(); }
  [[nodiscard]] char Peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }

  bool SkipSpace() {
    const std::size_t before = at_;
    while (!AtEnd() && IsSpace(Peek())) ++at_;
    return at_ != before;
  }

  // The keyword as a word of its own: one before a parenthesis is the name of a function.
  bool TakeKeyword(std::string_view keyword) {
    if (text_.substr(at_, keyword.size()) != keyword) return false;
    const char next = Peek(keyword.size());
    if (next != '\0' && !IsSpace(next)) return false;
    at_ += keyword.size();
    return true;
  }

  // Counts from 1, in characters: bytes that continue a character are not counted.
  [[nodiscard]] std::size_t Position() const {
    return 1 + static_cast<std::size_t>(std::ranges::count_if(text_.substr(0, at_), [](char c) {
             return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
           }));
  }

  absl::Status Fail(std::string_view what) const {
    return InvalidArgument("filter", "FILTER_SYNTAX",
                           fmt::format("at character {}: {}", Position(), what));
  }

  absl::Status Unexpected(std::string_view expected) const {
    if (AtEnd()) return Fail(fmt::format("the filter ends where {} is expected", expected));
    return Fail(fmt::format("{} is expected", expected));
  }

  // expression: sequence {WS AND WS sequence}, and sequence: factor {WS factor}. Both mean AND.
  absl::StatusOr<FilterSyntax> Expression() {
    FilterSyntax all{.kind = Kind::kAnd, .position = Position()};
    for (;;) {
      LOTURA_ASSIGN_OR_RETURN(FilterSyntax factor, Factor());
      all.children.push_back(std::move(factor));
      const bool space = SkipSpace();
      if (AtEnd() || Peek() == ')') break;
      if (!space) return Unexpected("a space");
      if (TakeKeyword("AND")) SkipSpace();
    }
    return all.children.size() == 1 ? std::move(all.children.front()) : std::move(all);
  }

  // factor: term {WS OR WS term}
  absl::StatusOr<FilterSyntax> Factor() {
    FilterSyntax any{.kind = Kind::kOr, .position = Position()};
    for (;;) {
      LOTURA_ASSIGN_OR_RETURN(FilterSyntax term, Term());
      any.children.push_back(std::move(term));
      const std::size_t after_term = at_;
      if (!SkipSpace() || !TakeKeyword("OR")) {
        at_ = after_term;
        break;
      }
      SkipSpace();
    }
    return any.children.size() == 1 ? std::move(any.children.front()) : std::move(any);
  }

  // term: [(NOT WS | MINUS)] simple
  absl::StatusOr<FilterSyntax> Term() {
    const std::size_t position = Position();
    if (AtMinus()) {
      ++at_;
    } else if (TakeKeyword("NOT")) {
      SkipSpace();
    } else {
      return Simple();
    }
    if (AtMinus()) return Unexpected("what is negated, and only once,");
    LOTURA_ASSIGN_OR_RETURN(FilterSyntax negated, Simple());
    FilterSyntax result{.kind = Kind::kNot, .position = position};
    result.children.push_back(std::move(negated));
    return result;
  }

  // A negation: but among values, what looks like a negative number is one.
  [[nodiscard]] bool AtMinus() const {
    return Peek() == '-' && !(place_ == Place::kArgument && IsDigit(Peek(1)));
  }

  // simple: restriction | composite
  absl::StatusOr<FilterSyntax> Simple() {
    if (Peek() == '(') return Composite();
    return Restriction();
  }

  // composite: LPAREN expression RPAREN
  absl::StatusOr<FilterSyntax> Composite() {
    LOTURA_RETURN_IF_ERROR(Enter());
    ++at_;
    SkipSpace();
    LOTURA_ASSIGN_OR_RETURN(FilterSyntax inner, Expression());
    if (Peek() != ')') return Unexpected("')'");
    ++at_;
    --depth_;
    return inner;
  }

  // restriction: comparable [comparator arg]
  absl::StatusOr<FilterSyntax> Restriction() {
    LOTURA_RETURN_IF_ERROR(CountTerm());
    const std::size_t position = Position();
    LOTURA_ASSIGN_OR_RETURN(FilterSyntax left, Comparable(place_));
    const std::size_t after_left = at_;
    SkipSpace();
    const std::optional<FilterComparator> comparator = TakeComparator();
    if (!comparator.has_value()) {
      at_ = after_left;
      return left;
    }
    SkipSpace();
    LOTURA_ASSIGN_OR_RETURN(FilterSyntax right, RightSide());
    FilterSyntax result{.kind = Kind::kComparison, .comparator = *comparator, .position = position};
    result.children.push_back(std::move(left));
    result.children.push_back(std::move(right));
    return result;
  }

  // The values in parentheses after a comparator are written as a value without them is.
  absl::StatusOr<FilterSyntax> RightSide() {
    const Place outer = std::exchange(place_, Place::kArgument);
    absl::StatusOr<FilterSyntax> argument = Argument();
    place_ = outer;
    return argument;
  }

  // arg: comparable | composite
  absl::StatusOr<FilterSyntax> Argument() {
    if (Peek() == '(') return Composite();
    return Comparable(Place::kArgument);
  }

  // comparable: member | function; member: value {DOT field}; function: name {DOT name} LPAREN ...
  absl::StatusOr<FilterSyntax> Comparable(Place place) {
    FilterSyntax result{.kind = Kind::kMember, .position = Position()};
    Keywords keywords = Keywords::kRefused;
    for (;;) {
      if (result.words.size() >= kFilterDepthMax) {
        return Fail(fmt::format("more than {} names are joined by dots", kFilterDepthMax));
      }
      LOTURA_ASSIGN_OR_RETURN(FilterWord word, Word(place, keywords));
      result.words.push_back(std::move(word));
      if (Peek() != '.') break;
      ++at_;
      keywords = Keywords::kAllowed;
    }
    if (Peek() != '(') return result;
    for (const FilterWord& word : result.words) {
      // No function has the name of a keyword, so a space was forgotten there too.
      if (word.quoting == Quoting::kQuoted || IsKeyword(word.text)) return Unexpected("a space");
    }
    result.kind = Kind::kCall;
    LOTURA_RETURN_IF_ERROR(Arguments(result));
    return result;
  }

  // LPAREN [argList] RPAREN
  absl::Status Arguments(FilterSyntax& call) {
    LOTURA_RETURN_IF_ERROR(Enter());
    ++at_;
    SkipSpace();
    while (Peek() != ')') {
      if (!call.children.empty()) {
        if (Peek() != ',') return Unexpected("',' or ')'");
        ++at_;
        SkipSpace();
      }
      LOTURA_RETURN_IF_ERROR(CountTerm());
      LOTURA_ASSIGN_OR_RETURN(FilterSyntax argument, Argument());
      call.children.push_back(std::move(argument));
      SkipSpace();
    }
    ++at_;
    --depth_;
    return absl::OkStatus();
  }

  absl::StatusOr<FilterWord> Word(Place place, Keywords keywords) {
    if (IsQuote(Peek())) return QuotedWord();
    FilterWord word{.position = Position()};
    const std::size_t begin = at_;
    while (!AtEnd() && !EndsText(place)) {
      if (Peek() == '*') word.stars.push_back(at_ - begin);
      ++at_;
    }
    word.text = text_.substr(begin, at_ - begin);
    if (word.text.empty()) return Unexpected("a field or a value");
    if (keywords == Keywords::kRefused && IsKeyword(word.text) && Peek() != '(') {
      at_ = begin;
      return Fail(fmt::format("{} stands where a field or a value is expected", word.text));
    }
    return word;
  }

  [[nodiscard]] bool EndsText(Place place) const {
    const char c = Peek();
    if (c == ':') return place == Place::kTerm;
    if (c == '!') return Peek(1) == '=';
    return IsSpace(c) || IsQuote(c) ||
           std::string_view(".,()=<>").find(c) != std::string_view::npos;
  }

  absl::StatusOr<FilterWord> QuotedWord() {
    FilterWord word{.quoting = Quoting::kQuoted, .position = Position()};
    const std::size_t begin = at_;
    const char quote = text_[at_++];
    while (!AtEnd() && Peek() != quote) {
      if (Peek() == '\\') {
        ++at_;
        if (AtEnd()) break;
        if (!IsQuote(Peek()) && Peek() != '\\' && Peek() != '*') {
          return Fail("a backslash may stand only before a quote, a backslash or a star");
        }
      } else if (Peek() == '*') {
        word.stars.push_back(word.text.size());
      }
      word.text += text_[at_++];
    }
    if (AtEnd()) {
      at_ = begin;
      return Fail("the quoted text has no end");
    }
    ++at_;
    return word;
  }

  std::optional<FilterComparator> TakeComparator() {
    const bool with_equals = Peek(1) == '=';
    std::optional<FilterComparator> found;
    switch (Peek()) {
      case '=':
        ++at_;
        return FilterComparator::kEqual;
      case ':':
        ++at_;
        return FilterComparator::kHas;
      case '<':
        found = with_equals ? FilterComparator::kLessOrEqual : FilterComparator::kLess;
        break;
      case '>':
        found = with_equals ? FilterComparator::kGreaterOrEqual : FilterComparator::kGreater;
        break;
      case '!':
        if (!with_equals) return std::nullopt;
        found = FilterComparator::kNotEqual;
        break;
      default:
        return std::nullopt;
    }
    at_ += with_equals ? 2 : 1;
    return found;
  }

  absl::Status Enter() {
    if (++depth_ <= kFilterDepthMax) return absl::OkStatus();
    return Fail(fmt::format("parentheses are nested deeper than {}", kFilterDepthMax));
  }

  absl::Status CountTerm() {
    if (++terms_ <= kFilterTermsMax) return absl::OkStatus();
    return Fail(fmt::format("there are more than {} terms", kFilterTermsMax));
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t depth_ = 0;
  std::size_t terms_ = 0;
  Place place_ = Place::kTerm;
};

}  // namespace

absl::StatusOr<FilterAst> ParseFilter(std::string_view text) {
  if (text.size() > kFilterBytesMax) {
    return InvalidArgument(
        "filter", "FILTER_SYNTAX",
        fmt::format("at character 1: the filter is {} bytes long, {} are allowed", text.size(),
                    kFilterBytesMax));
  }
  if (HasNul(text) || !Utf8Size(text).has_value()) {
    return InvalidArgument("filter", "FILTER_SYNTAX",
                           "at character 1: the filter is not valid UTF-8 or holds a NUL");
  }
  return Parser(text).Parse();
}

}  // namespace lotura::resource
