"""SQL as far as the lint needs it: statements, their parentheses, and what they read and write."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

TOKEN = re.compile(
    r"""(?P<comment>--[^\n]*|/\*.*?\*/)
      | (?P<text>'(?:''|[^'])*'|\$(?P<mark>\w*)\$.*?\$(?P=mark)\$)
      | (?P<word>"[^"]*"|[A-Za-z_][\w]*(?:\.(?:[A-Za-z_]\w*|"[^"]*"))*)
      | (?P<parameter>\$\d+)
      | (?P<number>\d[\w.]*)
      | (?P<symbol>::|<=|>=|<>|!=|\|\||->>?|.)""", re.DOTALL | re.VERBOSE)


@dataclass(frozen=True)
class Token:
    """Words are in upper case unless they are quoted; `raw` is as it was written."""

    kind: str
    text: str
    raw: str
    line: int


@dataclass
class Scope:
    """What stands between two parentheses, or the whole statement: its own tokens, with inner scopes in their places."""

    items: list["Token | Scope"] = field(default_factory=list)

    def words(self) -> list["Token | Scope"]:
        return self.items

    def inner(self) -> Iterator["Scope"]:
        yield self
        for item in self.items:
            if isinstance(item, Scope):
                yield from item.inner()


def tokens(text: str) -> list[Token]:
    found = []
    line = 1
    for match in TOKEN.finditer(text):
        kind = match.lastgroup if match.lastgroup != "mark" else "text"
        raw = match[0]
        if kind == "word" and not raw.startswith('"'):
            found.append(Token("word", raw.upper(), raw, line))
        elif kind != "comment" and raw.strip():
            found.append(Token(kind or "symbol", raw, raw, line))
        line += raw.count("\n")
    return found


def statements(text: str) -> list[Scope]:
    """The statements of a file, each as a tree of its parentheses."""
    found = []
    stack = [Scope()]
    for token in tokens(text):
        if token.text == "(":
            inner = Scope()
            stack[-1].items.append(inner)
            stack.append(inner)
        elif token.text == ")" and len(stack) > 1:
            stack.pop()
        elif token.text == ";" and len(stack) == 1:
            if stack[0].items:
                found.append(stack[0])
            stack = [Scope()]
        else:
            stack[-1].items.append(token)
    return found + ([stack[0]] if stack[0].items else [])


def word(item: "Token | Scope | None") -> str:
    """The token's text; empty for a scope or nothing."""
    return item.text if isinstance(item, Token) else ""


def line_of(scope: Scope) -> int:
    """The line on which a scope begins."""
    for item in scope.items:
        return item.line if isinstance(item, Token) else line_of(item)
    return 1
