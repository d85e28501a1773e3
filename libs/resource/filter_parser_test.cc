#include "libs/resource/filter_parser.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>

#include "libs/testing/status_matchers.h"

namespace lotura::resource {
namespace {

using ::testing::HasSubstr;
using testing::HasViolation;
using testing::IsOk;

std::string Show(const FilterWord& word) {
  std::string text = word.text;
  for (std::size_t i = word.stars.size(); i-- > 0;) text.insert(word.stars[i], "^");
  return word.quoting == Quoting::kQuoted ? fmt::format("'{}'", text) : text;
}

std::string Show(const FilterSyntax& syntax) {
  std::string words;
  for (const FilterWord& word : syntax.words) words += (words.empty() ? "" : ".") + Show(word);
  std::string children;
  for (const FilterSyntax& child : syntax.children) children += " " + Show(child);
  constexpr std::string_view kComparators[] = {"=", "!=", "<", "<=", ">", ">=", ":"};
  switch (syntax.kind) {
    case FilterSyntax::Kind::kAnd:
      return fmt::format("(AND{})", children);
    case FilterSyntax::Kind::kOr:
      return fmt::format("(OR{})", children);
    case FilterSyntax::Kind::kNot:
      return fmt::format("(NOT{})", children);
    case FilterSyntax::Kind::kComparison:
      return fmt::format("({}{})", kComparators[static_cast<int>(syntax.comparator)], children);
    case FilterSyntax::Kind::kMember:
      return words;
    case FilterSyntax::Kind::kCall:
      return fmt::format("{}({})", words, children.empty() ? "" : children.substr(1));
  }
  return "?";
}

// The tree in one line, or the error.
std::string Tree(std::string_view filter) {
  const auto ast = ParseFilter(filter);
  if (!ast.ok()) return Message(ast.status());
  return ast->root.has_value() ? Show(*ast->root) : "";
}

TEST(FilterParserTest, EmptyFilterHasNoRoot) {
  EXPECT_EQ(Tree(""), "");
  EXPECT_EQ(Tree(" \t\r\n"), "");
}

TEST(FilterParserTest, OrBindsTighterThanAnd) {
  EXPECT_EQ(Tree("a AND b OR c"), "(AND a (OR b c))");
  EXPECT_EQ(Tree("a OR b AND c OR d"), "(AND (OR a b) (OR c d))");
  EXPECT_EQ(Tree("a < 10 OR a >= 100"), "(OR (< a 10) (>= a 100))");
}

TEST(FilterParserTest, SequenceOfTermsMeansAnd) {
  EXPECT_EQ(Tree("Victor Hugo"), "(AND Victor Hugo)");
  EXPECT_EQ(Tree("New York Giants OR Yankees"), "(AND New York (OR Giants Yankees))");
  EXPECT_EQ(Tree("a b AND c AND d"), "(AND a b c d)");
  EXPECT_EQ(Tree("(a b) AND c"), "(AND (AND a b) c)");
}

TEST(FilterParserTest, BothNegationsAreTheSame) {
  EXPECT_EQ(Tree("NOT (a OR b)"), "(NOT (OR a b))");
  EXPECT_EQ(Tree("-(a OR b)"), "(NOT (OR a b))");
  EXPECT_EQ(Tree("-file:\".java\""), "(NOT (: file '.java'))");
  EXPECT_EQ(Tree("-30"), "(NOT 30)");
  EXPECT_EQ(Tree("NOT a OR b"), "(OR (NOT a) b)");
  EXPECT_EQ(Tree("a -b"), "(AND a (NOT b))");
}

TEST(FilterParserTest, ReadsEveryComparatorWithAndWithoutSpaces) {
  EXPECT_EQ(Tree("a=1 b != 2 c<3 d <=4 e> 5 f>=6 g:7"),
            "(AND (= a 1) (!= b 2) (< c 3) (<= d 4) (> e 5) (>= f 6) (: g 7))");
}

TEST(FilterParserTest, MembersAreJoinedByDotsAndMayHoldKeywords) {
  EXPECT_EQ(Tree("expr.type_map.1.type = x"), "(= expr.type_map.1.type x)");
  EXPECT_EQ(Tree("a.AND.OR = b.NOT"), "(= a.AND.OR b.NOT)");
  EXPECT_EQ(Tree("labels.\"a b\":*"), "(: labels.'a b' ^*)");
  EXPECT_EQ(Tree("package=com.google"), "(= package com.google)");
}

TEST(FilterParserTest, ArgumentsMayBeNegativeNumbersAndTimes) {
  EXPECT_EQ(Tree("a > -30.5e-7 b"), "(AND (> a -30.5e-7) b)");
  EXPECT_EQ(Tree("t > 2012-04-21T11:30:00.25-04:00"), "(> t 2012-04-21T11:30:00.25-04:00)");
  EXPECT_EQ(Tree("t:a:b"), "(: t a:b)");
  EXPECT_EQ(Tree("mail = anna@example.com"), "(= mail anna@example.com)");
}

TEST(FilterParserTest, ArgumentsMayBeExpressions) {
  EXPECT_EQ(Tree("region = (West OR Central)"), "(= region (OR West Central))");
  EXPECT_EQ(Tree("tags:(a AND NOT b)"), "(: tags (AND a (NOT b)))");
  EXPECT_EQ(Tree("rank = (-1 OR 2) OR -3"), "(OR (= rank (OR -1 2)) (NOT 3))");
  EXPECT_EQ(Tree("tags:(-a 10:30) AND b:c"), "(AND (: tags (AND (NOT a) 10:30)) (: b c))");
}

TEST(FilterParserTest, ReadsFunctions) {
  EXPECT_EQ(Tree("regex(m.key, '^.*prod.*$')"), "regex(m.key '^.^*prod.^*$')");
  EXPECT_EQ(Tree("math.mem('30mb') OR f()"), "(OR math.mem('30mb') f())");
  EXPECT_EQ(Tree("experiment.rollout <= cohort( request.user , -1)"),
            "(<= experiment.rollout cohort(request.user -1))");
  EXPECT_EQ(Tree("f((a b), g(x))"), "f((AND a b) g(x))");
}

TEST(FilterParserTest, QuotedTextKeepsWhatIsEscaped) {
  EXPECT_EQ(Tree(R"(a = "say \"hi\" \\ \* *")"), R"((= a 'say "hi" \ * ^*'))");
  EXPECT_EQ(Tree(R"(a = 'it"s' b = "it's")"), R"((AND (= a 'it"s') (= b 'it's')))");
  EXPECT_EQ(Tree("a = \"\""), "(= a '')");
  EXPECT_EQ(Tree("a = \"AND\""), "(= a 'AND')");
}

struct Wrong {
  std::string_view filter;
  std::string_view message;
};

class FilterParserErrorTest : public ::testing::TestWithParam<Wrong> {};

TEST_P(FilterParserErrorTest, NamesThePlace) {
  const auto ast = ParseFilter(GetParam().filter);

  EXPECT_THAT(ast, HasViolation("filter", "FILTER_SYNTAX"));
  EXPECT_THAT(Message(ast.status()), HasSubstr(std::string(GetParam().message)));
}

INSTANTIATE_TEST_SUITE_P(
    All, FilterParserErrorTest,
    ::testing::Values(
        Wrong{"a =", "at character 4: the filter ends"}, Wrong{"= 1", "at character 1"},
        Wrong{"a AND", "at character 6"}, Wrong{"AND a", "at character 1: AND stands"},
        Wrong{"a OR OR b", "at character 6: OR stands"}, Wrong{"a = AND", "at character 5"},
        Wrong{"(a", "at character 3: the filter ends where ')'"},
        Wrong{"a)", "at character 2: a term"}, Wrong{"()", "at character 2"},
        Wrong{"a = 'x", "at character 5: the quoted text"}, Wrong{"a = 'x\\", "at character 5"},
        Wrong{"a = 'x\\n'", "a backslash"}, Wrong{"äö = 'x", "at character 6"},
        Wrong{"a..b = 1", "at character 3"}, Wrong{"a. = 1", "at character 3"},
        Wrong{"(a)(b)", "at character 4: a space"}, Wrong{"a = b = c", "at character 7"},
        Wrong{"--a", "at character 2"}, Wrong{"- a", "at character 2"},
        Wrong{"NOT", "at character 4"}, Wrong{"f(a b)", "',' or ')'"},
        Wrong{"f(a,)", "at character 5"}, Wrong{"a,b", "at character 2"},
        Wrong{"\"f\"(x)", "a space"}, Wrong{"O'Brien", "at character 2: a space"},
        Wrong{"NOT -a", "at character 5"}, Wrong{"a OR(b)", "at character 5: a space"},
        Wrong{std::string_view("a\0b", 3), "NUL"}, Wrong{"a = \xff", "UTF-8"}));

TEST(FilterParserTest, BoundsAreExact) {
  EXPECT_THAT(ParseFilter(std::string(kFilterBytesMax, 'x')), IsOk());
  EXPECT_THAT(ParseFilter(std::string(kFilterBytesMax + 1, 'x')),
              HasViolation("filter", "FILTER_SYNTAX"));

  std::string terms = "a=1";
  for (std::size_t i = 1; i < kFilterTermsMax; ++i) terms += " a=1";
  EXPECT_THAT(ParseFilter(terms), IsOk());
  EXPECT_THAT(Tree(terms + " b"), HasSubstr("more than 100 terms"));

  const auto nested = [](std::size_t depth) {
    return std::string(depth, '(') + "a" + std::string(depth, ')');
  };
  EXPECT_THAT(ParseFilter(nested(kFilterDepthMax)), IsOk());
  EXPECT_THAT(Tree(nested(kFilterDepthMax + 1)), HasSubstr("deeper than 20"));
  EXPECT_THAT(Tree("a" + std::string(200, '.')), HasSubstr("at character 3"));
  std::string path = "a";
  for (std::size_t i = 0; i < kFilterDepthMax; ++i) path += ".a";
  EXPECT_THAT(Tree(path), HasSubstr("more than 20 names"));
}

// Whatever the bytes are, the answer is a tree or FILTER_SYNTAX.
void ExpectAnswer(const std::string& filter) {
  const auto ast = ParseFilter(filter);
  if (ast.ok()) return;
  EXPECT_THAT(ast, HasViolation("filter", "FILTER_SYNTAX")) << filter;
}

TEST(FilterParserTest, RandomBytesNeverBreakIt) {
  std::mt19937_64 random(20'260'115);
  std::uniform_int_distribution<int> byte(0, 255);
  std::uniform_int_distribution<std::size_t> size(0, 200);
  for (int i = 0; i < 20'000; ++i) {
    std::string filter(size(random), '\0');
    for (char& c : filter) c = static_cast<char>(byte(random));
    ExpectAnswer(filter);
  }
}

TEST(FilterParserTest, ChangedFiltersNeverBreakIt) {
  const std::string seeds[] = {"a AND b OR NOT c -d",
                               R"(name = "x*" AND (amount > 100.5 OR tags:(vip OR "old \" one")))",
                               "startsWith(display_name, 'Ac') t >= daysAgo(7)",
                               "labels.\"a.b\".c:* -e.f.g != 'ü'", "((((a))))"};
  const std::string pieces[] = {"(",    ")", "\"", "'",  "\\", ".", ",",    "AND", " OR ",
                                "NOT ", "-", ":",  "!=", "*",  " ", "\xc3", "x"};
  std::mt19937_64 random(20'260'116);
  const auto below = [&](std::size_t end) {
    return std::uniform_int_distribution<std::size_t>(0, end - 1)(random);
  };
  for (int i = 0; i < 40'000; ++i) {
    std::string filter = seeds[below(std::size(seeds))];
    for (std::size_t change = below(4) + 1; change > 0 && !filter.empty(); --change) {
      const std::size_t at = below(filter.size());
      switch (below(3)) {
        case 0:
          filter.erase(at, below(5) + 1);
          break;
        case 1:
          filter.insert(at, pieces[below(std::size(pieces))]);
          break;
        default:
          filter += filter.substr(at, 30);
          break;
      }
    }
    ExpectAnswer(filter);
  }
}

TEST(FilterParserTest, LargestFiltersCostMilliseconds) {
  const auto fill = [](std::string_view piece) {
    std::string filter;
    while (filter.size() + piece.size() <= kFilterBytesMax) filter += piece;
    return filter;
  };
  const auto begin = std::chrono::steady_clock::now();
  for (const std::string_view piece :
       {"(", "a ", "-", "a.", "'", "f(", "NOT ", "a:", "\\", "*", "a=b OR ", "((a) "}) {
    ExpectAnswer(fill(piece));
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(1));
}

}  // namespace
}  // namespace lotura::resource
