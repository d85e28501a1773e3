"""clang-tidy on what changed, and never twice on the same."""

import hashlib
import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from devkit.console import Failure
from devkit.layout import ROOT, VAR, compile_jobs
from devkit.lint_tools import run
from lint.tree import Finding, SourceFile, Tree

FINDING = re.compile(r"^(\S+?):(\d+):\d+: (?:warning|error): (.+)$", re.MULTILINE)
COMPILER = re.compile(r"/(?:c\+\+|g\+\+|clang\+\+)[-\d]*$")
# What clang does not know.
GCC_ONLY = ("-fpch-preprocess", "-Winvalid-pch", "-fno-sanitize-recover=all")
# The tree of a repository without any commit.
NOTHING = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"


def base_commit(base: str | None) -> str:
    """The commit that changes are counted from."""
    if base:
        outcome = run(["git", "merge-base", base, "HEAD"])
        if outcome.returncode != 0:
            raise Failure(f"'{base}' is no commit that this one has anything to do with.")
        return outcome.stdout.strip()
    head = run(["git", "rev-parse", "HEAD"]).stdout.strip()
    for branch in ("origin/main", "main"):
        outcome = run(["git", "merge-base", branch, "HEAD"])
        if outcome.returncode == 0 and outcome.stdout.strip() != head:
            return outcome.stdout.strip()
    # On main itself: the last commit. The first commit of all is compared with nothing.
    has_parent = run(["git", "rev-parse", "--verify", "--quiet", "HEAD~1"]).returncode == 0
    return "HEAD~1" if has_parent else NOTHING


def to_tidy(tree: Tree, base: str | None, everything: bool) -> list[str]:
    """Sources that changed, and for each header that changed one source that reads it."""
    sources = {file.path: file for file in tree.ending(".cc")}
    if everything:
        return sorted(sources)
    since = base_commit(base)
    changed = set(run(["git", "diff", "--name-only", since]).stdout.split())
    changed |= set(run(["git", "ls-files", "--others", "--exclude-standard"]).stdout.split())
    wanted = changed & set(sources)
    for header in sorted(path for path in changed if path.endswith(".h") and tree.get(path)):
        reader = _reader_of(header, list(sources.values()))
        if reader and not wanted & {reader, header.removesuffix(".h") + ".cc"}:
            wanted.add(reader)
    return sorted(wanted)


def _reader_of(header: str, sources: list[SourceFile]) -> str | None:
    own = header.removesuffix(".h") + ".cc"
    readers = [file.path for file in sources
               if any(include.path == header for include in file.cpp.includes)]
    return own if own in readers else min(readers, default=None)


def compile_commands() -> dict[str, dict[str, str]]:
    """How each source is compiled, in words that clang understands; Failure without a build."""
    path = ROOT / "build" / "compile_commands.json"
    if not path.exists():
        raise Failure("clang-tidy needs a build; run tools/dev build first, or lint --no-tidy.")
    commands = {}
    for entry in json.loads(path.read_text(encoding="utf-8")):
        words = entry["command"].split()
        # A launcher such as ccache stands before the compiler.
        compiler = next(at for at, word in enumerate(words) if COMPILER.search(word))
        # The precompiled header is in gcc's form; its text serves as well. That of the tests holds
        # what each of them includes by itself.
        kept = [str(ROOT / "cmake" / "pch.h") if word.endswith("cmake_pch.hxx") else word
                for word in words[compiler:] if word not in GCC_ONLY]
        inside = entry["file"].removeprefix(f"{ROOT}/")
        commands[inside] = {"directory": entry["directory"], "file": entry["file"],
                            "command": " ".join(kept)}
    return commands


class Remembered:
    """Which sources were clean, by everything of ours that clang-tidy sees of them."""

    def __init__(self, tree: Tree, folder: Path):
        self._tree = tree
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        shared = [file.path + file.text for file in tree.ending(".proto", ".sql", "pch.h")]
        settings = (ROOT / ".clang-tidy").read_text(encoding="utf-8")
        self._shared = hashlib.sha256("\0".join([settings, *shared]).encode()).hexdigest()

    def digest(self, path: str, command: str) -> str:
        seen = {path}
        waiting = [path]
        while waiting:
            file = self._tree.get(waiting.pop())
            if file is not None:
                new = {include.path for include in file.cpp.includes} - seen
                seen |= new
                waiting += new
        known = [file.text for file in map(self._tree.get, sorted(seen)) if file is not None]
        return hashlib.sha256("\0".join([self._shared, command, path, *known]).encode()).hexdigest()

    def is_clean(self, digest: str) -> bool:
        return (self._folder / digest).exists()

    def note_clean(self, digest: str) -> None:
        (self._folder / digest).touch()


def clang_tidy(tree: Tree, sources: list[str]) -> Iterator[Finding]:
    if not sources:
        return
    commands = compile_commands()
    folder = VAR / "lint"
    remembered = Remembered(tree, folder / "clean")
    digests = {path: remembered.digest(path, commands[path]["command"])
               for path in sources if path in commands}
    for path in sources:
        if path not in commands:
            yield Finding(path, 1, "clang-tidy", "the build does not know this source; build again")
    (folder / "compile_commands.json").write_text(json.dumps(list(commands.values())))
    command = ["clang-tidy-14", "--quiet", "-p", str(folder)]
    due = [path for path, digest in digests.items() if not remembered.is_clean(digest)]
    seen: set[Finding] = set()
    with ThreadPoolExecutor(compile_jobs()) as pool:
        for path, outcome in zip(due, pool.map(lambda path: run([*command, path]), due)):
            if outcome.returncode == 0:
                remembered.note_clean(digests[path])
                continue
            places = FINDING.findall(outcome.stdout)
            if not places:
                yield Finding(path, 1, "clang-tidy", f"failed: {outcome.stderr.strip()[-300:]}")
            for place, line, text in places:
                inside = str(Path(place).resolve()).removeprefix(f"{ROOT}/")
                seen.add(Finding(inside, int(line), "clang-tidy", text.replace(",-warnings-as-errors", "")))
    yield from sorted(seen)
