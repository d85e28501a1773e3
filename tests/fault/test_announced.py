"""The comparison of journal and topic sees each fault that it is there for."""

from fault.announced import Version, faults

ONE, TWO, THREE = (Version("t/a", number, f"e{number}") for number in (1, 2, 3))
OTHER = Version("t/b", 1, "f1")


def test_versions_in_order_are_fine_whatever_lies_between_them():
    assert faults([THREE, ONE, OTHER, TWO], [ONE, OTHER, TWO, THREE]) == []


def test_repeated_deliveries_are_fine():
    assert faults([ONE, TWO], [ONE, TWO, ONE, TWO, TWO]) == []


def test_a_gap_in_the_journal_is_seen():
    assert faults([ONE, THREE], [ONE, THREE])


def test_a_version_that_was_written_twice_is_seen():
    again = Version("t/a", 1, "e9")

    assert faults([ONE, again], [ONE, again])


def test_a_version_that_was_not_announced_is_seen():
    assert faults([ONE, TWO], [ONE])


def test_a_record_that_was_not_announced_is_seen():
    assert faults([ONE, OTHER], [ONE])


def test_first_deliveries_out_of_order_are_seen():
    assert faults([ONE, TWO], [TWO, ONE, TWO])


def test_a_version_with_two_events_is_seen():
    assert faults([ONE], [ONE, Version("t/a", 1, "e9")])


def test_an_event_of_two_versions_is_seen():
    assert faults([ONE, TWO], [ONE, Version("t/a", 2, "e1")])


def test_an_announcement_of_nothing_is_seen():
    assert faults([ONE], [ONE, OTHER])
