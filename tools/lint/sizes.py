"""How large files and functions may be."""

import ast
from collections.abc import Iterator

from lint.tree import CPP, Finding, SourceFile, Tree

FILE_LINES = 400
TEST_FILE_LINES = 500
README_LINES = 120
FUNCTION_LINES = 60
PARAMETERS = 6
CODE = (*CPP, ".py", ".sql", ".proto", ".cmake", ".sh")


def check(tree: Tree) -> Iterator[Finding]:
    for file in tree.ending(*CODE):
        yield from _file_size(file, TEST_FILE_LINES if file.is_test else FILE_LINES)
    for file in tree.matching("libs/*README.md", "services/*README.md", "tools/*README.md"):
        yield from _file_size(file, README_LINES)
    for file in tree.ending(*CPP):
        for function in file.cpp.functions:
            yield from _function_size(file, function.name, function.first_line, function.lines)
            if function.parameters > PARAMETERS:
                yield file.finding(function.first_line, "parameters",
                                   f"{function.name} takes {function.parameters}")
    for file in tree.ending(".py"):
        yield from _python_functions(file)


def _file_size(file: SourceFile, limit: int) -> Iterator[Finding]:
    lines = len(file.text.splitlines())
    if lines > limit:
        yield file.finding(1, "file-size", f"{lines} lines, allowed are {limit}")


def _function_size(file: SourceFile, name: str, first: int, lines: int) -> Iterator[Finding]:
    if lines > FUNCTION_LINES:
        yield file.finding(first, "function-size",
                           f"{name} has {lines} lines, allowed are {FUNCTION_LINES}")


def _python_functions(file: SourceFile) -> Iterator[Finding]:
    try:
        parsed = ast.parse(file.text)
    except SyntaxError as error:
        yield file.finding(error.lineno or 1, "python-syntax", str(error.msg))
        return
    for node in ast.walk(parsed):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        last = node.end_lineno or node.lineno
        yield from _function_size(file, node.name, node.lineno, last - node.lineno + 1)
        arguments = node.args
        count = len(arguments.posonlyargs) + len(arguments.args) + len(arguments.kwonlyargs)
        if count > PARAMETERS:
            yield file.finding(node.lineno, "parameters", f"{node.name} takes {count}")
