"""Comments: what they may not hold."""

import io
import os
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

from lint.tree import CPP, Finding, SourceFile, Tree

# Put together, so that this line does not find itself.
UNFINISHED = re.compile(r"\b(?:" + "|".join(["TO" "DO", "FIX" "ME", "XX" "X", "HA" "CK"])
                        + r")\b(?!\(#\d+\))")
CPP_CODE = re.compile(
    r"""^(?:\#\s*include\b.*
          |(?:if|for|while|switch)\s*\(.*\)\s*\{?
          |\}?\s*else\s*\{
          |return\b[^.]*;
          |(?:[\w:<>*&,\s]+\s)?[\w.\[\]>-]+\s*[-+|&]?=\s[^.]*;
          |[\w.>:-]+\([^`]*\);
          |[{}]\s*;?
          )\s*$""", re.VERBOSE)
PYTHON_CODE = re.compile(
    r"""^(?:import\s\w+|from\s[\w.]+\simport\s.*|def\s\w+\(.*|class\s\w+.*:
          |return\s*[\w.]+\(.*\)|[\w.]+\s=\s[\w.]+\(.*\)
          |(?:if|for|while)\s.*:\s*)$""", re.VERBOSE)
SQL_CODE = re.compile(
    r"^(?:SELECT\s|INSERT\s+INTO\s|UPDATE\s+\w+\s+SET\s|DELETE\s+FROM\s|(?:CREATE|ALTER|DROP)\s+(?:TABLE|INDEX)\s"
    r"|FROM\s+\w+\s*$|WHERE\s+\w+\s*[=<>])")
# An example in the comment of a function is set off by more than one space.
EXAMPLE = re.compile(r"^\s{3,}")
FOREIGN_PATH = re.compile(r"(?<![\w.])/(?:home|Users)/\w+|(?<![\w.])[A-Z]:\\\\?Users\\")
UNFINISHED_IN = (*CPP, ".py", ".sql", ".proto", ".cmake", ".sh", ".yaml", ".yml", ".md")


def check(tree: Tree) -> Iterator[Finding]:
    for file in tree:
        if file.path.endswith(UNFINISHED_IN):
            yield from _unfinished(file)
        if file.path.endswith(CPP):
            yield from _dead_cpp(file)
        elif file.path.endswith(".py"):
            yield from _dead_python(file)
        elif file.path.endswith(".sql"):
            yield from _dead_sql(file)
        yield from _machine_paths(file)


def _unfinished(file: SourceFile) -> Iterator[Finding]:
    for number, line in enumerate(file.lines, 1):
        if UNFINISHED.search(line):
            yield file.finding(number, "unfinished", "something is left to do")


def _dead_cpp(file: SourceFile) -> Iterator[Finding]:
    for comment in file.cpp.comments:
        if not comment.text.startswith("//"):
            continue
        text = comment.text.lstrip("/")
        if not EXAMPLE.match(text) and CPP_CODE.match(text.strip()):
            yield file.finding(comment.line, "dead-code", f"'{text.strip()}'")


def _dead_python(file: SourceFile) -> Iterator[Finding]:
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(file.text).readline))
    except (tokenize.TokenError, IndentationError, SyntaxError):
        return
    for token in tokens:
        text = token.string.lstrip("#")
        if token.type == tokenize.COMMENT and PYTHON_CODE.match(text.strip()):
            yield file.finding(token.start[0], "dead-code", f"'{text.strip()}'")


def _dead_sql(file: SourceFile) -> Iterator[Finding]:
    for number, line in enumerate(file.lines, 1):
        if line.lstrip().startswith("--") and SQL_CODE.match(line.lstrip().lstrip("- ")):
            yield file.finding(number, "dead-code", f"'{line.strip()}'")


def _machine_paths(file: SourceFile) -> Iterator[Finding]:
    """Paths of somebody's machine: home directories, and wherever this checkout lies."""
    here = str(Path(__file__).resolve().parents[2])
    # A home that is as short as "/root" also stands in other paths.
    own = [path for path in (here, os.path.expanduser("~")) if path.count("/") > 1]
    for number, line in enumerate(file.lines, 1):
        if FOREIGN_PATH.search(line) or any(path in line for path in own):
            yield file.finding(number, "machine-path", "a path of one machine")
