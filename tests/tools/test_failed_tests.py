"""What a run of real CTest says once more of its failed tests."""

import subprocess

from devkit import failed_tests

GTEST = """\
[ RUN      ] Lead.IsQuick
[       OK ] Lead.IsQuick (1 ms)
[ RUN      ] Lead.IsRight
lead_test.cc:7: Failure
Expected: 3
[  FAILED  ] Lead.IsRight (2 ms)
[ RUN      ] Lead.IsLast
[       OK ] Lead.IsLast (1 ms)
[  FAILED  ] 1 test, listed below:
[  FAILED  ] Lead.IsRight
"""
ENDED = """\
[ RUN      ] Deal.IsWon
[       OK ] Deal.IsWon (1 ms)
[ RUN      ] Deal.IsLost
terminate called
"""
PYTEST = """\
tests/e2e/test_deal.py .F
E       assert 1 == 2
FAILED tests/e2e/test_deal.py::test_deal - assert 1 == 2
"""


def report_of(folder, tests: dict[str, tuple[str, int]]):
    lines = []
    for name, (output, code) in tests.items():
        (folder / name).write_text(output)
        lines.append(f'add_test({name} "/bin/sh" "-c" "cat {folder / name}; exit {code}")')
    (folder / "CTestTestfile.cmake").write_text("\n".join(lines) + "\n")
    report = folder / "report.xml"
    subprocess.run(["ctest", "--output-junit", str(report)], cwd=folder, check=False,
                   stdout=subprocess.DEVNULL, timeout=60)
    return report


def test_cases_that_failed_come_with_what_they_printed_and_no_other(tmp_path):
    report = report_of(tmp_path, {"good": ("[ RUN      ] A.B\n", 0), "lead": (GTEST, 1)})
    assert failed_tests.told_again(report) == [
        "--- lead", "[ RUN      ] Lead.IsRight", "lead_test.cc:7: Failure", "Expected: 3",
        "[  FAILED  ] Lead.IsRight (2 ms)"]


def test_case_within_which_the_process_ended_is_told(tmp_path):
    report = report_of(tmp_path, {"deal": (ENDED, 134)})
    assert failed_tests.told_again(report) == ["--- deal", "[ RUN      ] Deal.IsLost",
                                               "terminate called"]


def test_of_other_programs_the_reasons_are_told_or_the_end(tmp_path):
    report = report_of(tmp_path, {"pytest": (PYTEST, 1), "script": ("no such file\n", 2)})
    assert failed_tests.told_again(report) == [
        "--- pytest", *PYTEST.splitlines()[1:], "--- script", "no such file"]


def test_of_a_long_case_the_end_is_told(tmp_path):
    noise = "\n".join(f"line {number}" for number in range(500))
    output = f"[ RUN      ] A.B\n{noise}\n[  FAILED  ] A.B (9 ms)\n"
    told = failed_tests.told_again(report_of(tmp_path, {"long": (output, 1)}))
    assert told[1] == "[ RUN      ] A.B" and told[-1] == "[  FAILED  ] A.B (9 ms)"
    assert len(told) == 2 + failed_tests.MOST_LINES


def test_run_without_a_report_says_so(tmp_path):
    assert failed_tests.told_again(tmp_path / "none")[0].startswith("no report of the tests")
