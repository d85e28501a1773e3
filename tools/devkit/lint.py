"""Verb lint: holds the tree to docs/style.md."""

import argparse
import time
from collections.abc import Callable, Iterable, Iterator

from devkit import lint_tidy, lint_tools
from devkit.console import Failure, say, step
from devkit.layout import ROOT
from lint import chart, check_includes, comments, documents, guide, migrations, sizes, smells, sql
from lint.tree import Finding, Tree, without_allowed

SUMMARY = "hold the code to docs/style.md; clang-tidy on what changed (--all: on everything)"
MODULES = (check_includes, comments, documents, migrations, sizes, smells, sql)


def check_tree(tree: Tree) -> Iterator[Finding]:
    """What can be seen in the texts alone."""
    for module in MODULES:
        yield from module.check(tree)


def report(findings: Iterable[Finding], rules: dict[str, guide.Rule]) -> None:
    """Prints each finding, and below it what the guide says."""
    for finding in findings:
        rule = rules.get(finding.rule)
        if rule is None:
            raise Failure(f"{guide.GUIDE} does not know the rule '{finding.rule}'.")
        say(f"{finding.path}:{finding.line}: {finding.what} [{finding.rule}]")
        say(f"    {rule.text} ({guide.GUIDE}, {rule.section})")


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="tools/dev lint", description=SUMMARY)
    parser.add_argument("--all", action="store_true", help="clang-tidy on every source")
    parser.add_argument("--base", metavar="COMMIT",
                        help="what is compared with; default: where this branch left main, or "
                             "the commit before")
    parser.add_argument("--no-tidy", action="store_true", help="without clang-tidy")
    options = parser.parse_args(arguments)
    begin = time.monotonic()
    tree = Tree.read(ROOT)
    rules = guide.rules((ROOT / guide.GUIDE).read_text(encoding="utf-8"))
    findings: list[Finding] = []

    def run(label: str, check: Callable[[], Iterable[Finding]]) -> None:
        step(label)
        findings.extend(check())

    run("house rules", lambda: check_tree(tree))
    run("clang-format", lambda: lint_tools.format_findings(tree))
    run("buf lint", lint_tools.buf_lint)
    run("descriptor rules", lint_tools.descriptor_rules)
    run("chart", chart.check)
    if not options.no_tidy:
        sources = lint_tidy.to_tidy(tree, options.base, everything=options.all)
        run(f"clang-tidy on {len(sources)} sources", lambda: lint_tidy.clang_tidy(tree, sources))
    left = without_allowed(tree, findings)
    report(left, rules)
    say(f"{len(left)} findings ({time.monotonic() - begin:.1f} s)")
    return 1 if left else 0
