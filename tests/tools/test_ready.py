"""What the verbs up and demo bring about before they start anything."""

import pytest

from devkit import demo, ready, up
from devkit.console import Failure
from devkit.stack import Arrangement, Stack


@pytest.mark.parametrize("arrangement", list(Arrangement))
def test_all_programs_of_an_arrangement_are_built(tmp_path, arrangement):
    binaries = tmp_path / "bin"
    binaries.mkdir()
    for target in ready.targets(arrangement):
        (binaries / target).touch()
    stack = Stack(tmp_path / "stack", binaries)

    stack.check_binaries(arrangement)

    stack.delete()


@pytest.mark.parametrize("options", [[], ["--separate"], ["--only-backends"]])
def test_up_touches_nothing_before_the_packages_are_there(monkeypatch, options):
    def refuse() -> None:
        raise Failure("packages are missing", 3)

    monkeypatch.setattr(up.setup, "ensure", refuse)
    monkeypatch.setattr(up, "Stack", lambda _: pytest.fail("a stack was made"))

    with pytest.raises(Failure, match="packages are missing"):
        up.main(options)


def test_the_demo_reads_the_funnel_of_its_own_pipeline():
    asked = []

    class Listener:
        def ask(self, *arguments: str) -> dict:
            asked.append(arguments)
            return {}

    demo.reported(Listener())

    assert ("funnel", "--pipeline", "pipelines/b2b") in asked
    assert not any(arguments == ("funnel",) for arguments in asked)
