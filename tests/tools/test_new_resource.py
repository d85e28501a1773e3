"""The files that tools/dev new-resource writes, on copies of a service."""

import shutil
import subprocess
from pathlib import Path

import pytest

from devkit import artifacts, new_resource
from devkit.console import Failure
from devkit.layout import ROOT
from lint import check_includes, comments, migrations, sizes, smells, sql
from lint.tree import Tree

COPIED = ("proto", "services/sales", "services/analytics")


@pytest.fixture
def root(tmp_path) -> Path:
    """What new-resource reads and writes of the repository, as a repository of its own."""
    for folder in COPIED:
        shutil.copytree(ROOT / folder, tmp_path / folder)
    for name in (".clang-format", "buf.yaml", ".gitignore"):
        shutil.copy(ROOT / name, tmp_path / name)
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", ".")
    git(tmp_path, "-c", "user.name=test", "-c", "user.email=test@example.org", "commit", "--quiet", "-m", "before")
    return tmp_path


def git(root: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=root, check=True, capture_output=True, text=True).stdout


def write(root: Path, name: str, plural: str | None = None, service: str = "sales") -> list[str]:
    paths = new_resource.write(root, new_resource.checked_words(service, name, plural))
    return [str(path.relative_to(root)) for path in paths]


def test_five_files_are_written_and_app_is_told(root):
    number = new_resource.next_migration(root / "services/sales/migrations")

    written = write(root, "Territory")

    assert written == ["proto/lotura/sales/v1/territory.proto", f"services/sales/migrations/{number:04}_territories.sql",
                       "services/sales/territory.h", "services/sales/territory.cc",
                       "services/sales/territory_pg_test.cc", "services/sales/app.cc"]
    changed = [line for line in git(root, "diff", "--unified=0").split("\n") if line[:1] in ("+", "-")
               and line[:3] not in ("+++", "---")]
    assert changed == ["+#include \"services/sales/territory.h\"",
                       "+  LOTURA_RETURN_IF_ERROR(catalog.Add<v1::Territory>(TerritoryRules()));"]


def test_no_placeholder_stays(root):
    for path in write(root, "SalesAxis", "SalesAxes"):
        text = (root / path).read_text(encoding="utf-8")
        assert not new_resource.PLACEHOLDER.search(text), path


@pytest.mark.parametrize("name", ["Territory", "Order", "AgreementOfSeveralCompanies"])
def test_what_is_written_passes_the_lint(root, name):
    written = write(root, name)
    git(root, "add", ".")
    tree = Tree.read(root)

    findings = [finding for module in (check_includes, comments, migrations, sizes, smells, sql)
                for finding in module.check(tree) if finding.path in written]

    assert findings == []


@pytest.mark.skipif(shutil.which("clang-format-14") is None, reason="the formatter is not installed")
def test_what_is_written_is_formatted(root):
    written = [path for path in write(root, "AgreementOfSeveralCompanies") if path.endswith((".h", ".cc"))]

    subprocess.run(["clang-format-14", "--dry-run", "--Werror", *written], cwd=root, check=True)


@pytest.mark.skipif(not artifacts.buf_binary().exists(), reason="buf is not set up")
def test_proto_passes_buf(root):
    write(root, "Territory")

    answer = subprocess.run([str(artifacts.buf_binary()), "format", "--diff", "--exit-code",
                             "proto/lotura/sales/v1/territory.proto"], cwd=root, capture_output=True, text=True,
                            check=False)

    assert answer.returncode == 0, answer.stdout


def test_what_exists_is_refused_and_stays(root):
    for name in ("Product", "Stage"):
        with pytest.raises(Failure, match="nothing was written"):
            write(root, name)

    assert git(root, "status", "--porcelain") == ""


def test_second_time_is_refused(root):
    write(root, "Territory")

    with pytest.raises(Failure, match="exists already"):
        write(root, "Territory")


def test_service_without_records_is_refused(root):
    with pytest.raises(Failure, match="declares no record types"):
        write(root, "Segment", service="analytics")

    assert git(root, "status", "--porcelain") == ""


@pytest.mark.parametrize(("service", "name"), [("nowhere", "Territory"), ("sales", "territory"), ("sales", "A_B"),
                                               ("sales", "X" * 31), ("sales", "../Evil")])
def test_wrong_names_are_refused(service, name):
    with pytest.raises(Failure):
        new_resource.checked_words(service, name, None)


@pytest.mark.parametrize(("one", "many"), [("Territory", "Territories"), ("PriceList", "PriceLists"), ("Tax", "Taxes"),
                                           ("Day", "Days"), ("Branch", "Branches")])
def test_plural_is_found(one, many):
    assert new_resource.plural_of(one) == many


def test_table_is_not_a_word_of_sql():
    assert new_resource.Words("sales", "Order", "Orders").forms()["table"] == "sales_order"
