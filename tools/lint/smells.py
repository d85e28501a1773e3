"""Smells of C++ and Python that stop a review and that a machine can see."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lint.tree import CPP, Finding, SourceFile, Tree


@dataclass(frozen=True)
class Smell:
    """A pattern in code whose comments and literals are blanked."""

    rule: str
    pattern: re.Pattern
    what: str
    # Where it is no smell.
    except_in: tuple[str, ...] = ()
    only_tests: bool = False
    only_headers: bool = False
    # Tests may do it.
    not_in_tests: bool = False
    # No smell if the declaration goes on like this.
    unless_followed_by: re.Pattern | None = None


SMELLS = (
    Smell("catch-all", re.compile(r"\bcatch\s*\(\s*\.\.\.\s*\)"), "catch (...)",
          except_in=("libs/pg/", "libs/observe/fence.h")),
    Smell("exception-text", re.compile(r"[.>]what\(\)"), "the text of an exception is used",
          except_in=("libs/pg/", "libs/observe/fence.h")),
    Smell("throw", re.compile(r"\bthrow\b(?!\s*\()"), "an exception is thrown",
          except_in=("libs/pg/",), not_in_tests=True),
    Smell("sleep-in-test", re.compile(r"\b(?:sleep_for|sleep_until|usleep|nanosleep|sleep)\s*\("),
          "a test sleeps", only_tests=True),
    Smell("bool-parameter", re.compile(r"[(,]\s*(?:const\s+)?bool\s+\w+\s*(?:=[^,()]*)?[,)]"),
          "a parameter is a bool", only_headers=True,
          unless_followed_by=re.compile(r"[^;{]*\boverride\b")),
    Smell("name-says-nothing",
          re.compile(r"\b(?:class|struct|namespace|using)\s+(?:\w*[a-z])?"
                     r"(?:Manager|Helper|Utils?|Impl|Base|Data)\b"),
          "the name says nothing"),
    Smell("thread-unjoined", re.compile(r"[.>]detach\(\)|\bstd::async\b"),
          "a thread that nobody joins"),
    Smell("thread-unjoined", re.compile(r"\bstd::thread\s+\w|\bstd::vector<std::thread>"),
          "a std::thread", not_in_tests=True),
    Smell("publish-from-handler", re.compile(r"(?:\.|->)Produce\s*\("), "something is published",
          except_in=("libs/events/", "libs/testing/", "tests/"), not_in_tests=True),
    Smell("atomic-shared-ptr", re.compile(r"\bstd::atomic<\s*std::shared_ptr\b"),
          "std::atomic<std::shared_ptr>"),
    Smell("abseil-string", re.compile(r"\babsl::(?:string_view|StrCat|StrAppend|StrFormat|StrJoin)\b"),
          "Abseil's strings"),
    Smell("sql-in-string", re.compile(r"\bpqxx::perform\b"), "pqxx::perform"),
    Smell("using-namespace", re.compile(r"\busing\s+namespace\s"), "using namespace",
          only_headers=True),
)
NAMELESS_FILE = re.compile(r"(?:^|_)(?:util|utils|helper|helpers|manager|impl|misc)(?:_test)?\.\w+$")
SQL_TEXT = re.compile(
    r'^(?:R"\w*\()?"?\s*(?:SELECT\b.+\bFROM|INSERT\s+INTO|UPDATE\s+\w+\s+SET|DELETE\s+FROM|WITH\s+\w+\s+AS)\b',
    re.DOTALL)
BUILDS_SQL = ("libs/resource/", "libs/pg/", "libs/testing/", "tests/")
SHARED_MEMBER = re.compile(r"^\s*(?:const\s+)?std::shared_ptr<[^;()]*>\s+\w+_\s*(?:=[^;]*)?;")
# Where records are at home: what is keyed by text there may be keyed by the name of one.
KNOW_RECORDS = ("libs/cache/", "libs/resource/", "libs/access/", "libs/audit/", "libs/quota/", "libs/feed/",
                "libs/tenants/", "services/")
NAMED_MEMBER = re.compile(r"^\s*(?:mutable )?(?:const )?std::(?:unordered_)?(?:multi)?(?:map|set)<std::string(?:_view)?\b[^;()]*"
                          r"\s\w+_(?:\s*=[^;]*|\{[^;]*)?;")
TYPE = re.compile(r"^(?:class|struct) \w[^;]*$")
COMMENT = re.compile(r"^\s*//")
PYTHON_SLEEP = re.compile(r"\btime\.sleep\(")


def check(tree: Tree) -> Iterator[Finding]:
    for file in tree.ending(*CPP):
        for smell in SMELLS:
            yield from _smells(file, smell)
        yield from _sql_in_code(file)
        yield from _shared_members(file)
        yield from _named_members(file)
    for file in tree:
        if file.path.endswith((*CPP, ".py")) and NAMELESS_FILE.search(file.name):
            yield file.finding(1, "name-says-nothing", f"the file is called {file.name}")
    for file in tree.ending(".py"):
        if not file.is_test:
            continue
        for number, line in enumerate(file.lines, 1):
            if PYTHON_SLEEP.search(line.split("#")[0]):
                yield file.finding(number, "sleep-in-test", "a test sleeps")


def _smells(file: SourceFile, smell: Smell) -> Iterator[Finding]:
    if file.path.startswith(smell.except_in):
        return
    if (smell.only_tests and not file.is_test) or (smell.not_in_tests and file.is_test):
        return
    if smell.only_headers and not file.path.endswith(".h"):
        return
    for match in smell.pattern.finditer(file.cpp.code):
        if smell.unless_followed_by and smell.unless_followed_by.match(file.cpp.code, match.end()):
            continue
        # Where the word stands, not the bracket or the line break before it.
        offset = match.start() + len(match[0]) - len(match[0].lstrip("(, \n"))
        yield file.finding(file.cpp.line_at(offset), smell.rule, smell.what)


def _sql_in_code(file: SourceFile) -> Iterator[Finding]:
    if file.is_test or file.path.startswith(BUILDS_SQL):
        return
    for literal in file.cpp.literals:
        if SQL_TEXT.search(literal.text):
            yield file.finding(literal.line, "sql-in-string", "a statement in a string")


def _shared_members(file: SourceFile) -> Iterator[Finding]:
    """A shared_ptr member needs a comment on its line or above that says who shares it."""
    if not file.path.endswith(".h"):
        return
    lines = file.lines
    for number, line in enumerate(lines, 1):
        if not SHARED_MEMBER.match(line) or "//" in line:
            continue
        if number < 2 or "//" not in lines[number - 2]:
            yield file.finding(number, "shared-member", "nothing says who shares it")


def _named_members(file: SourceFile) -> Iterator[Finding]:
    """Two tenants may have records of one name: what lives on and is keyed by text says, on its line,
    above it or above its class, how tenants are kept apart."""
    if file.is_test or "/testdata/" in file.path or not file.path.startswith(KNOW_RECORDS):
        return
    lines = file.lines
    for index, line in enumerate(lines):
        if not NAMED_MEMBER.match(line):
            continue
        type_ = next((above for above in range(index, -1, -1) if TYPE.match(lines[above])), 0)
        said = [line.partition("//")[2], *_comment_above(lines, index), *_comment_above(lines, type_)]
        if not any("tenant" in one for one in said):
            yield file.finding(index + 1, "tenant-key", "text is the key, and nothing says whose")


def _comment_above(lines: list[str], index: int) -> Iterator[str]:
    while index > 0 and COMMENT.match(lines[index - 1]):
        index -= 1
        yield lines[index]
