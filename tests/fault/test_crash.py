"""What logs tell of crashes."""

from types import SimpleNamespace

from fault.crash import Crashes, place_of_crash


def report(*frames: str) -> str:
    return "".join(f'{{"level":"fatal","message":"crash","trace":"{frame}"}}\n'
                   for frame in ("signal 11", "lotura-sales+0x1", "libc.so.6+0x3c050", *frames))


def test_a_crash_began_in_the_innermost_code_that_others_did_not_call():
    assert place_of_crash(report("libc.so.6+0x2 memcpy", "librdkafka.so.1+0x3",
                                 "lotura-sales+0x4")) == "librdkafka.so.1+0x3"
    assert place_of_crash(report("lotura-sales+0x4", "librdkafka.so.1+0x3")) == "lotura-sales+0x4"


def test_without_a_report_nothing_is_known():
    assert place_of_crash('{"level":"info","message":"ready"}\n') == ""
    assert place_of_crash(report("libc.so.6+0x2")) == ""


def test_an_end_is_not_excused_by_the_one_before(tmp_path):
    log = tmp_path / "sales.log"
    service = SimpleNamespace(name="sales", log=log)
    crashes = Crashes()
    log.write_text(report("librdkafka.so.1+0x3"))
    assert crashes.is_of_librdkafka(service)

    with log.open("a") as more:
        more.write('{"level":"info","message":"ready"}\n')

    assert not crashes.is_of_librdkafka(service)
