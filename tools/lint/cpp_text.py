"""C++ as far as the lint needs it: code without comments and literals, and where functions begin and end."""

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass

TOKEN = re.compile(
    r"""(?P<number>(?<![\w])\d(?:'?[\w.])*)
      | (?P<comment>//[^\n]*|/\*.*?\*/)
      | (?P<raw>R"(?P<mark>[^(\s]*)\(.*?\)(?P=mark)")
      | (?P<text>"(?:\\.|[^"\\\n])*")
      | (?P<char>'(?:\\.|[^'\\\n])+')""", re.DOTALL | re.VERBOSE)
BLANK = re.compile(r"[^\n]")
INCLUDE = re.compile(r'^\s*#\s*include\s*(?P<mark>[<"])(?P<path>[^>"]+)[>"]')
NO_FUNCTION = re.compile(r"\b(?:namespace|class|struct|union|enum|extern)\b(?![^{]*\)\s*(?:const)?\s*$)")
# What may stand between a function's parameters and its body.
BODY_FOLLOWS = re.compile(
    r"\)\s*(?:const\b|noexcept\b|override\b|final\b|mutable\b|&&?|->\s*[^;{}]+)*\s*$")
INITIALIZERS_END = re.compile(r"[)}]\s*$")


@dataclass(frozen=True)
class Literal:
    line: int
    text: str


@dataclass(frozen=True)
class Include:
    line: int
    path: str
    quoted: bool


@dataclass(frozen=True)
class Function:
    name: str
    first_line: int
    last_line: int
    parameters: int

    @property
    def lines(self) -> int:
        return self.last_line - self.first_line + 1


class CppText:
    """The text of a source file, taken apart."""

    def __init__(self, text: str):
        self.comments: list[Literal] = []
        self.literals: list[Literal] = []
        self.includes: list[Include] = []
        for number, line in enumerate(text.split("\n"), 1):
            if match := INCLUDE.match(line):
                self.includes.append(Include(number, match["path"], match["mark"] == '"'))
        # The code with comments and the insides of literals blanked; offsets and lines stay.
        self.code = TOKEN.sub(self._blank, text)

    def _blank(self, match: re.Match) -> str:
        token = match[0]
        if match["number"]:
            return token
        literal = Literal(match.string.count("\n", 0, match.start()) + 1, token)
        (self.comments if match["comment"] else self.literals).append(literal)
        if match["comment"]:
            return BLANK.sub(" ", token)
        return token[0] + BLANK.sub(" ", token[1:-1]) + token[-1]

    def line_at(self, offset: int) -> int:
        return self.code.count("\n", 0, offset) + 1

    @functools.cached_property
    def functions(self) -> list[Function]:
        return list(self._functions())

    def _functions(self) -> Iterator[Function]:
        """Functions with a body outside other functions, found by their braces."""
        code = re.sub(r"^[ \t]*#(?:[^\n\\]|\\.)*(?:\\\n(?:[^\n\\]|\\.)*)*",
                      lambda match: BLANK.sub(" ", match[0]), self.code, flags=re.MULTILINE)
        head = 0
        at = 0
        while at < len(code):
            char = code[at]
            if char in ";}":
                head = at + 1
            elif char == "{":
                end = closing(code, at)
                text = code[head:at]
                if is_function_head(text):
                    yield self._function(text, head, end)
                    at, head = end, end + 1
                elif is_initializer(text):
                    # The head goes on behind it: a constructor's body may follow.
                    at = end
                else:
                    head = at + 1
            at += 1

    def _function(self, text: str, head: int, end: int) -> Function:
        first = head + len(text) - len(text.lstrip())
        begin = parameters_begin(text)
        parameters = text[begin + 1 : closing(text, begin)]
        name = re.search(r"([\w:~]+|operator\W+)\s*$", text[:begin])
        return Function(name[1] if name else "?", self.line_at(first), self.line_at(end),
                        count_parameters(parameters))


PAIRS = {"{": "}", "(": ")", "[": "]"}


def closing(code: str, begin: int) -> int:
    """Where the bracket that opens at `begin` is closed; the end of the text if it never is."""
    opening, wanted = code[begin], PAIRS[code[begin]]
    depth = 0
    for at in range(begin, len(code)):
        if code[at] == opening:
            depth += 1
        elif code[at] == wanted:
            depth -= 1
            if depth == 0:
                return at
    return len(code)


def parameters_begin(head: str) -> int:
    """The parenthesis of the parameters: the first one that no template argument list encloses."""
    begin = head.find("(")
    if re.search(r"\boperator\s*$", head[:begin]):
        begin = head.find("(", closing(head, begin))
    return begin


def is_function_head(head: str) -> bool:
    if "(" not in head or NO_FUNCTION.search(head):
        return False
    if BODY_FOLLOWS.search(head):
        return "=" not in head[: head.find("(")].replace("operator=", "")
    # A constructor: the list of initializers ends with one of its own brackets.
    end = closing(head, parameters_begin(head))
    return bool(re.match(r"\)\s*(?:noexcept\s*)?:[^:]", head[end:])) and bool(INITIALIZERS_END.search(head))


def is_initializer(head: str) -> bool:
    return bool(re.search(r"[\w>\])=,(]\s*$", head)) and not NO_FUNCTION.search(head)


def count_parameters(text: str) -> int:
    if text.strip() in ("", "void"):
        return 0
    depth = 0
    count = 1
    for char in text:
        if char in "(<[{":
            depth += 1
        elif char in ")>]}":
            depth -= 1
        elif char == "," and depth == 0:
            count += 1
    return count
