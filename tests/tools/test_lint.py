"""Each rule of docs/style.md finds what it forbids and lets pass what it asks for."""

import re
import subprocess
from pathlib import Path

import pytest

from devkit import artifacts, clang_format, fmt, lint, lint_tidy, lint_tools
from devkit.layout import ROOT
from lint import check_includes, descriptors, guide
from lint.tree import Tree, without_allowed
from lint_examples import EXAMPLES, PROTO_EXAMPLES, proto_file

OF_TOOLS = {"chart", "clang-format", "clang-tidy", "buf"}
# Not about the text of one file; they have tests of their own.
APART = {"allowance", "readme"}


def found(texts: dict[str, str]) -> list[tuple[str, str, int]]:
    tree = Tree.of(texts)
    return [(one.rule, one.path, one.line)
            for one in without_allowed(tree, lint.check_tree(tree))]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.id)
def test_bad_example_is_found_and_good_one_passes(example):
    path, bad = example.path, example.text(example.bad)

    rules = {rule for rule, where, _ in found({**example.beside, path: bad}) if where == path}
    assert rules == {example.rule}

    good = found({**example.beside, path: example.text(example.good)})
    assert [one for one in good if one[1] == path] == []


def test_finding_names_the_line():
    text = "-- name: Q\nSELECT name FROM task\nWHERE tenant_id = $1\nORDER BY name OFFSET $2;\n"

    assert found({"libs/x/q.sql": text}) == [("sql-offset", "libs/x/q.sql", 4)]


def guide_rules() -> dict[str, guide.Rule]:
    return guide.rules((ROOT / guide.GUIDE).read_text(encoding="utf-8"))


def test_guide_and_lint_know_the_same_rules():
    in_guide = set(guide_rules())
    in_examples = {example.rule for example in EXAMPLES} | {rule for rule, _, _ in PROTO_EXAMPLES}

    assert in_guide == in_examples | OF_TOOLS | APART


def test_rules_in_the_code_are_in_the_guide():
    named = set()
    for path in [*(ROOT / "tools" / "lint").glob("*.py"),
                 *(ROOT / "tools" / "devkit").glob("lint_*.py")]:
        text = path.read_text(encoding="utf-8")
        named |= set(re.findall(r'(?:Smell\(|finding\([^"]*?, |Finding\([^"]*?, |_size\([^"]*?, )"([a-z]+(?:-[a-z]+)*)"', text))

    assert named
    assert named <= set(guide_rules())


def test_library_order_is_that_of_the_build():
    text = (ROOT / "libs" / "CMakeLists.txt").read_text(encoding="utf-8")

    assert re.search(r"foreach\(name ([^)]+)\)", text)[1].split() == list(check_includes.LIBRARIES)


def allowed(reason: str) -> str:
    # Put together, so that the lint does not read it as said of this file.
    return "lint-" + "allow(bool-parameter)" + reason


def test_allowance_with_a_reason_lets_one_place_pass():
    for place in ("void F(bool a);  // {}\n", "// {}\nvoid F(bool a);\n"):
        text = "#pragma once\n" + place.format(allowed(": says it all"))
        assert found({"libs/pg/x.h": text, "libs/pg/README.md": ""}) == []


def test_allowance_without_reason_or_without_need_is_found():
    texts = {"libs/pg/README.md": "", "libs/pg/a.h": f"#pragma once\nvoid F(bool a);  // {allowed('')}\n",
             "libs/pg/b.h": f"#pragma once\nvoid F(int a);  // {allowed(': says it all')}\n"}

    assert found(texts) == [("allowance", "libs/pg/a.h", 2), ("allowance", "libs/pg/b.h", 2)]


def test_library_without_readme_is_found():
    assert found({"libs/pg/x.cc": ""}) == [("readme", "libs/pg/README.md", 1)]
    assert found({"libs/pg/x.cc": "", "libs/pg/README.md": ""}) == []


def test_file_whose_name_says_nothing_is_found():
    texts = {"libs/pg/README.md": "", "libs/pg/string_util.cc": ""}

    assert found(texts) == [("name-says-nothing", "libs/pg/string_util.cc", 1)]


@pytest.fixture(scope="module")
def google() -> Path:
    path = artifacts.googleapis().path
    assert path.is_dir(), "run tools/dev setup first"
    return path


def proto_findings(folder: Path, google: Path, text: str) -> list[tuple[str, int]]:
    target = folder / "proto" / "lotura" / "sales" / "v1"
    target.mkdir(parents=True, exist_ok=True)
    options = folder / "proto" / "lotura" / "options" / "v1"
    options.mkdir(parents=True, exist_ok=True)
    (options / "options.proto").write_bytes(
        (ROOT / "proto" / "lotura" / "options" / "v1" / "options.proto").read_bytes())
    (target / "example.proto").write_text(text, encoding="utf-8")
    findings = descriptors.check(descriptors.compile_protos(folder, google))
    return [(one.rule, one.line) for one in findings if one.path.endswith("example.proto")]


def test_example_proto_is_in_order(tmp_path, google):
    assert proto_findings(tmp_path, google, proto_file()) == []


@pytest.mark.parametrize("rule,good,bad", PROTO_EXAMPLES)
def test_bad_proto_is_found(tmp_path, google, rule, good, bad):
    text = proto_file()
    assert text.count(good) == 1
    changed = text.replace(good, bad)

    findings = proto_findings(tmp_path, google, changed)

    assert {name for name, _ in findings} == {rule}


@pytest.fixture
def checkout(tmp_path, monkeypatch) -> Path:
    """A small repository in the place of ours."""
    for module in (clang_format, fmt, lint_tools):
        monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(lint_tidy, "ROOT", tmp_path)
    monkeypatch.setattr(lint_tidy, "VAR", tmp_path / "var")
    (tmp_path / ".clang-format").write_bytes((ROOT / ".clang-format").read_bytes())
    (tmp_path / ".clang-tidy").write_bytes((ROOT / ".clang-tidy").read_bytes())
    (tmp_path / "libs" / "x").mkdir(parents=True)
    git(tmp_path, "init", "-q", "-b", "main")
    commit(tmp_path, "first")
    return tmp_path


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", "-c", "user.name=t", "-c", "user.email=t@example.org", *arguments],
                   cwd=folder, check=True, capture_output=True)


def commit(folder: Path, message: str) -> None:
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", message)


def write(folder: Path, path: str, text: str) -> str:
    (folder / path).write_text(text, encoding="utf-8")
    return path


def test_unformatted_source_is_found_at_its_first_line(checkout):
    write(checkout, "libs/x/good.cc", "int Twice(int n) { return 2 * n; }\n")
    write(checkout, "libs/x/bad.cc", "int Once(int n) { return n; }\nint   Twice( int n ){return 2*n;}\n")

    findings = list(lint_tools.format_findings(Tree.read(checkout)))

    assert [(one.rule, one.path, one.line) for one in findings] == [("clang-format", "libs/x/bad.cc", 2)]


def test_fmt_mends_what_the_lint_finds(checkout):
    write(checkout, "libs/x/bad.cc", "int   Twice( int n ){return 2*n;}\n")

    assert not fmt.format_cpp(check_only=True)
    assert fmt.format_cpp(check_only=False)

    assert (checkout / "libs/x/bad.cc").read_text() == "int Twice(int n) { return 2 * n; }\n"
    assert list(lint_tools.format_findings(Tree.read(checkout))) == []


def test_clang_tidy_finds_in_sources_and_headers(checkout):
    write(checkout, "libs/x/bad.h", "#pragma once\nstruct bad_name {};\n")
    path = write(checkout, "libs/x/bad.cc", '#include "libs/x/bad.h"\nint WrongName = 0;\n')
    (checkout / "build").mkdir()
    write(checkout, "build/compile_commands.json",
          f'[{{"directory": "{checkout}", "file": "{checkout}/{path}", "command": '
          f'"/usr/bin/ccache /usr/bin/c++ -fpch-preprocess -I{checkout} -std=c++20 -c {path}"}}]')

    findings = list(lint_tidy.clang_tidy(Tree.read(checkout), [path]))

    assert {(one.rule, one.path, one.line) for one in findings} == \
        {("clang-tidy", "libs/x/bad.cc", 2), ("clang-tidy", "libs/x/bad.h", 2)}


def test_clean_source_is_not_tidied_again_until_something_it_reads_changes(checkout, monkeypatch):
    write(checkout, "libs/x/good.h", "#pragma once\nstruct Good {};\n")
    path = write(checkout, "libs/x/good.cc", '#include "libs/x/good.h"\n')
    (checkout / "build").mkdir()
    write(checkout, "build/compile_commands.json",
          f'[{{"directory": "{checkout}", "file": "{checkout}/{path}", "command": '
          f'"/usr/bin/c++ -I{checkout} -std=c++20 -c {path}"}}]')
    assert list(lint_tidy.clang_tidy(Tree.read(checkout), [path])) == []

    with monkeypatch.context() as patch:
        patch.setattr(lint_tidy, "run", lambda command: pytest.fail("it ran again"))
        assert list(lint_tidy.clang_tidy(Tree.read(checkout), [path])) == []

    write(checkout, "libs/x/good.h", "#pragma once\nstruct not_good {};\n")
    findings = list(lint_tidy.clang_tidy(Tree.read(checkout), [path]))
    assert [(one.path, one.line) for one in findings] == [("libs/x/good.h", 2)]


def test_only_what_changed_is_tidied(checkout):
    write(checkout, "libs/x/old.cc", "")
    write(checkout, "libs/x/reader.cc", '#include "libs/x/shared.h"\n')
    write(checkout, "libs/x/shared.h", "#pragma once\n")
    commit(checkout, "second")
    git(checkout, "checkout", "-q", "-b", "work")
    write(checkout, "libs/x/committed.cc", "")
    commit(checkout, "third")
    write(checkout, "libs/x/shared.h", "#pragma once\nint F();\n")
    write(checkout, "libs/x/new.cc", "")

    tree = Tree.read(checkout)

    assert lint_tidy.to_tidy(tree, None, everything=False) == \
        ["libs/x/committed.cc", "libs/x/new.cc", "libs/x/reader.cc"]
    assert len(lint_tidy.to_tidy(tree, None, everything=True)) == 4
    assert lint_tidy.to_tidy(tree, "HEAD", everything=False) == ["libs/x/new.cc", "libs/x/reader.cc"]


def test_buf_finds_a_wrong_name(checkout):
    assert artifacts.buf_binary().exists(), "run tools/dev setup first"
    write(checkout, "buf.yaml", "version: v2\nmodules:\n  - path: proto\nlint:\n  use:\n    - STANDARD\n")
    (checkout / "proto" / "a" / "v1").mkdir(parents=True)
    write(checkout, "proto/a/v1/a.proto", 'syntax = "proto3";\npackage a.v1;\nmessage bad_name {}\n')

    findings = list(lint_tools.buf_lint())

    assert [(one.rule, one.path, one.line) for one in findings] == [("buf", "proto/a/v1/a.proto", 3)]


def test_own_texts_are_in_order():
    """The lint and its guide obey themselves."""
    tree = Tree.read(ROOT)
    own = [one for one in without_allowed(tree, lint.check_tree(tree))
           if one.path.startswith(("tools/lint/", "docs/", "tests/tools/"))]

    assert own == []
