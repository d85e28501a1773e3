"""What logs tell of crashes."""

from types import SimpleNamespace

import pytest

from fault.crash import Crashes, places_of_crashes


def report(*frames: str) -> str:
    return "".join(f'{{"level":"fatal","message":"crash","trace":"{frame}"}}\n'
                   for frame in ("signal 11", "lotura-sales+0x1", "libc.so.6+0x3c050", *frames))


def test_a_crash_began_in_the_innermost_code_that_others_did_not_call():
    called = report("libc.so.6+0x2 memcpy", "librdkafka.so.1+0x3", "lotura-sales+0x4")
    calling = report("lotura-sales+0x4", "librdkafka.so.1+0x3")
    assert places_of_crashes(called + calling) == ["librdkafka.so.1+0x3", "lotura-sales+0x4"]


def test_without_a_report_nothing_is_known():
    assert places_of_crashes('{"level":"info","message":"ready"}\n') == []
    assert places_of_crashes(report("libc.so.6+0x2")) == [""]


@pytest.fixture
def service(tmp_path):
    return SimpleNamespace(name="sales", log=tmp_path / "sales.log")


def test_an_end_is_not_excused_by_the_one_before(service):
    crashes = Crashes()
    service.log.write_text(report("librdkafka.so.1+0x3"))
    assert crashes.is_of_librdkafka(service)

    with service.log.open("a") as more:
        more.write('{"level":"info","message":"ready"}\n')

    assert not crashes.is_of_librdkafka(service)


def test_two_ends_before_anybody_looked_are_judged_each(service):
    crashes = Crashes()
    service.log.write_text(report("librdkafka.so.1+0x3") + report("lotura-sales+0x4"))

    assert crashes.is_of_librdkafka(service)
    assert not crashes.is_of_librdkafka(service)


def test_a_log_that_was_moved_away_still_counts(service):
    crashes = Crashes()
    service.log.write_text(report("librdkafka.so.1+0x3"))
    service.log.replace(service.log.with_suffix(".log.1"))
    assert crashes.is_of_librdkafka(service)

    service.log.write_text(report("librdkafka.so.1+0x5"))

    assert crashes.is_of_librdkafka(service)
