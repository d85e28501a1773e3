"""The benchmarks' tools: what they measure, and that they refuse what says nothing."""

import signal
import threading

import pytest

from bench import p7, p13, p16, report, tenants
from bench.batches import rows_of
from bench.curves import draw
from bench.figures import Goal, Result, composed
from bench.network import free_address
from bench.probe import Probe
from bench.programs import Load, Span, run_load, server
from bench.run import Run, steadily
from bench.statements import Statement, statements_of
from bench.sweep import Point
from devkit import bench as verb
from devkit.console import Failure
from devkit.kept import Kept
from devkit.issuer import Issuer

CURVES = {"create": [Point(1, 950.0, 1.0, 1.8)]}
BRIEF = Span(warm_up_s=0.2, measured_s=1.0)


def goal(op: str, bound: float) -> Goal:
    return Goal("ours / theirs", (1.0, 3.0, 2.0), op, bound)


def test_a_goal_is_met_by_the_median_of_the_pairs():
    assert goal(">=", 2.0).met and not goal(">=", 2.1).met
    assert goal("<=", 2.0).met and not goal("<=", 1.9).met


def test_json_names_each_goal_and_whether_all_are_met():
    result = Result("P1", (goal(">=", 1.5), goal("<=", 1.5)), pairs=3, fdatasync_per_s=7000.4)

    printed = result.as_json()

    assert printed["goals"][0] == {"name": "ours / theirs", "value": 2.0, "min": 1.0, "max": 3.0,
                                   "op": ">=", "goal": 1.5, "met": True}
    assert (printed["id"], printed["met"], printed["pairs"], printed["fdatasync_per_s"]) == (
        "P1", False, 3, 7000)
    assert "NOT MET" in result.as_table()


def test_a_call_that_needs_two_parts_is_slower_than_each():
    assert composed(100.0, 100.0) == pytest.approx(50.0)


def test_drift_is_the_larger_of_the_two_changes_in_either_direction():
    assert Probe(1000, 100).drift_to(Probe(1000, 80)) == pytest.approx(0.25)
    assert Probe(1000, 100).drift_to(Probe(1500, 100)) == pytest.approx(0.5)


def test_a_run_of_a_drifting_machine_is_repeated_and_then_refused(tmp_path, monkeypatch):
    speeds = iter([100, 200, 100, 100])
    monkeypatch.setattr("bench.probe.take", lambda _: Probe(1000, next(speeds)))
    assert steadily(Run(tmp_path), lambda _: "found")[0] == "found"

    speeds = iter([100, 200] * 3)
    with pytest.raises(Failure, match="drifted"):
        steadily(Run(tmp_path), lambda _: "found")


def test_sides_are_run_in_turn(tmp_path):
    order = []
    Run(tmp_path, pairs=2).interleave(lambda: order.append("A"), lambda: order.append("B"))
    assert order == ["A", "B", "A", "B"]


def test_a_run_of_fewer_rows_says_so(tmp_path):
    run = Run(tmp_path, rows=10)

    assert run.rows_or(1_000) == 10
    assert run.seen == [("rows", "10 instead of 1,000")]
    assert Run(tmp_path).rows_or(1_000) == 1_000


def test_closed_loop_keeps_calls_in_flight_and_an_open_one_keeps_its_rate():
    address = free_address()
    with server(address, kind="bare"):
        closed = run_load(address, "nothing", span=BRIEF, in_flight=4).check()
        opened = run_load(address, "nothing", span=BRIEF, rate=500).check()

    assert closed.ok > opened.ok
    # Five standard deviations of a Poisson count.
    assert abs(opened.ok - 500) < 5 * 500**0.5
    assert 0 < opened.p50_us <= opened.p99_us


def test_stalled_server_cannot_hide_from_an_open_loop():
    address = free_address()
    with server(address, kind="bare") as process:
        # In the middle of what is measured, for 0.4 s.
        threading.Timer(0.5, process.send_signal, [signal.SIGSTOP]).start()
        threading.Timer(0.9, process.send_signal, [signal.SIGCONT]).start()
        load = run_load(address, "nothing", span=BRIEF, rate=500).check()

    assert load.p99_us > 200_000


def test_calls_that_a_killed_server_leaves_behind_have_failed():
    address = free_address()
    with server(address, kind="bare") as process:
        # In the middle of what is measured.
        threading.Timer(0.5, process.kill).start()
        load = run_load(address, "nothing", span=BRIEF, in_flight=8)

    assert load.ok > 0 and set(load.failed) == {"UNAVAILABLE"}


def test_failed_calls_are_counted_by_reason_and_end_a_benchmark(tmp_path):
    address = free_address()
    issuer = Issuer(tmp_path)
    with server(address, kind="door", token_issuers=issuer.trust_path):
        load = run_load(address, "nothing", span=BRIEF, rate=100)

    assert load.ok == 0 and set(load.failed) == {"TOKEN_MISSING"}
    with pytest.raises(Failure, match="TOKEN_MISSING"):
        load.check()


def test_unknown_workload_is_refused():
    with pytest.raises(Failure, match="workload"):
        run_load("127.0.0.1:1", "everything", span=BRIEF, in_flight=1)


def test_curves_are_drawn_with_a_line_for_each(tmp_path):
    points = [Point(in_flight, 100.0 * in_flight, 1.0, 2.0) for in_flight in (1, 2, 4)]
    draw({"create": points, "get": points}, tmp_path / "curves.svg")

    drawn = (tmp_path / "curves.svg").read_text(encoding="utf-8")
    assert drawn.startswith("<?xml") and "create, median" in drawn and "get, 99 of 100" in drawn


def test_page_has_every_goal_the_curves_and_the_machine(tmp_path):
    result = Result("P1", (goal(">=", 1.5), goal("<=", 1.5)), pairs=3, fdatasync_per_s=7000.4,
                    seen=(("pair 1, door", "17,000 calls a second"),))

    page = report.write(tmp_path, [result], CURVES,
                        {"P2": "the machine drifted"})

    text = page.read_text(encoding="utf-8")
    assert "| P1 | ours / theirs | 2.00 | 1.00 | 3.00 | >= 1.5 | met |" in text
    assert "**not met**" in text and "| create | 1 | 950 | 1.00 | 1.80 |" in text
    assert "| P2 | the machine drifted |  |  |  |  | **not measured** |" in text
    assert "17,000 calls a second" in text and "PostgreSQL" in text
    assert (tmp_path / "performance.svg").exists()


LOG = """\
2026-01-01 00:00:00.000 UTC [1] lotura@lotura LOG:  duration: 0.1 ms  bind w: SELECT 1
2026-01-01 00:00:00.000 UTC [1] lotura@lotura LOG:  duration: 0.2 ms  execute w: WITH unit AS (\
SELECT x.unit, x.name FROM unnest($2::bigint[], $3::text[]) AS x(unit, name))
\tSELECT $1
2026-01-01 00:00:00.000 UTC [1] lotura@lotura DETAIL:  parameters: $1 = 'it''s', $2 = '{1,2}', \
$3 = NULL
2026-01-01 00:00:00.000 UTC [1] lotura@lotura LOG:  duration: 0.1 ms  statement: SELECT 2
"""


def test_statements_are_read_from_the_log_with_their_parameters():
    (statement,) = statements_of(LOG)

    assert statement.parameters == {1: "'it''s'", 2: "'{1,2}'", 3: "NULL"}
    assert statement.arrays() == {2: ("unit", "bigint[]"), 3: ("name", "text[]")}
    filled = statement.filled({1: "'a'", 2: "SELECT b", 3: "NULL"})
    assert filled.endswith("unnest((SELECT b)::bigint[], (NULL)::text[]) AS x(unit, name))\n"
                           "SELECT ('a')")


def test_arrays_are_found_whatever_they_are_called():
    statement = Statement("INSERT INTO inbox SELECT e.a\nFROM unnest($2::uuid[],\n  $3::text[])\n"
                          "  AS e(event_id, name)", {1: "'c'", 2: "'{a,b}'", 3: "'{x,y}'"})

    assert statement.arrays() == {2: ("event_id", "uuid[]"), 3: ("name", "text[]")}
    assert rows_of(statement) == 2


def handled(events: int) -> list[Statement]:
    """What a consumer executes for a batch."""
    ids = ",".join("a" for _ in range(events))
    first = Statement(f"{p7.PARTS[0]} FROM unnest($1::uuid[]) AS e(event_id)", {1: f"'{{{ids}}}'"})
    return [first, *(Statement(text, {1: str(events)}) for text in p7.PARTS[1:])]


def test_a_batch_of_a_consumer_is_chosen_by_its_size_with_all_its_statements():
    seen = [*handled(2), *handled(9), *handled(5)]

    assert p7.batch_of(seen, 1.0) == handled(9)
    assert [one.parameters[1] for one in p7.batch_of(seen, 0.5)[1:]] == \
        ["5"] * (len(p7.PARTS) - 1)


def test_sizes_grow_by_tens_up_to_the_rows():
    assert p13.sizes_up_to(10_000_000) == [10_000, 100_000, 1_000_000, 10_000_000]
    assert p13.sizes_up_to(50_000) == [10_000, 50_000]
    assert p13.sizes_up_to(10_000) == [10_000]
    assert (p13.power_of_ten(100_000), p13.power_of_ten(50_000)) == ("10^5", "50,000")


def outcome(*p95_us: float, index: str = "", records: int = 50) -> dict:
    return {"has_page": True, "index": index, "records": records, "p95_us": list(p95_us)}


def test_the_list_that_suffers_most_from_its_size_counts():
    calm = p13.Cell(p13.PLAIN, "calm", (outcome(10, 10), outcome(11, 11)))
    slow = p13.Cell(p13.PLAIN, "slow", (outcome(10, 20), outcome(30, 40)))
    refused = p13.Cell(p13.PLAIN, "refused", (outcome(10, 10), outcome(index="widget (a)")))

    assert p13.worst([calm, slow, refused], 1) == ("slow", (3.0, 2.0))
    assert str(refused) == "0.01 of 50, refused"


def test_a_page_is_compared_with_one_of_as_many_records():
    few, full, larger = outcome(10, records=1), outcome(40), outcome(50)
    cell = p13.Cell(p13.LOOKUP, "rare", (few, full, larger, outcome(20, records=1)))

    assert [cell.ratios(place) for place in range(4)] == [(), (), (1.25,), (2.0,)]


def test_a_list_with_a_lookup_is_never_too_expensive():
    cells = {kind: p13.Cell(kind, "list", (outcome(10), outcome(index="widget (a)")))
             for kind in p13.KINDS}

    assert cells[p13.PLAIN].check() is cells[p13.PLAIN]
    with pytest.raises(Failure, match="too expensive"):
        cells[p13.LOOKUP].check()


def test_parts_are_counted_as_they_are_filled():
    counts = {part: tenants.count_of(part, 1_000_000) for part in (*tenants.ONE_OF, tenants.NONE)}

    assert counts == {"50 %": 500_000, "1 %": 10_000, "0.01 %": 100, tenants.NONE: 0}
    assert [tenants.count_of("0.01 %", rows) for rows in (2, 3, 10_002, 10_003)] == [0, 1, 1, 2]


@pytest.mark.parametrize(("page", "count", "records"), [
    (1, 500_000, 50), (1, 30, 30), (1, 0, 0), (100, 500_000, 50), (100, 100, 50), (100, 501, 1),
    (100, 4_960, 10), (100, 4_950, 50)])
def test_a_page_with_what_it_should_have_is_taken(page, count, records):
    p16.check_page("list", outcome(10, records=records), page, count)


@pytest.mark.parametrize(("page", "count", "told"), [
    (1, 0, outcome(10, records=50)), (1, 500_000, outcome(10, records=0)),
    (100, 100, outcome(10, records=49)), (100, 500_000, outcome(records=0)),
    (1, 500_000, outcome(index="organization (a)", records=0)),
    (100, 0, outcome(10, records=0))])
def test_a_page_with_more_or_less_fails_the_run(page, count, told):
    with pytest.raises(Failure, match=f"of {count:d} instead of"):
        p16.check_page("list", told, page, count)


def test_of_a_page_that_is_not_there_nothing_is_measured():
    for count in (0, 50):
        p16.check_page("list", outcome(records=0), 100, count)


def test_each_leader_must_see_what_is_his_teams_and_nothing_else():
    half, *_, few, none = p16.TEAMS

    def records(team: p16.Team, count: int) -> list[dict]:
        return [{"name": f"organizations/{one}", "owner": f"{team.owners}1"} for one in range(count)]

    p16.check_seen(few, records(few, 100), 1_000_000)
    p16.check_seen(none, [], 1_000_000)
    p16.check_seen(half, records(half, p16.LOOKED_AT), 1_000_000)
    for team, seen in ((few, records(few, 99)), (few, records(half, 100)), (few, None),
                       (none, records(few, 1)), (half, records(half, 5_000)),
                       (few, [{"name": "organizations/free"}] * 100)):
        with pytest.raises(Failure, match="the leader of"):
            p16.check_seen(team, seen, 1_000_000)


def test_a_benchmark_without_a_result_does_not_take_the_others_with_it(tmp_path, monkeypatch):
    def run_one(name: str, pairs: int) -> Result:
        if name == "P2":
            raise Failure("drifted")
        return Result(name, (goal(">=", 1.5),), pairs, fdatasync_per_s=1)

    written = []
    monkeypatch.setattr(verb, "names", lambda: ["P1", "P2", "P3"])
    monkeypatch.setattr(verb, "run_one", run_one)
    monkeypatch.setattr(verb, "VAR", tmp_path)
    monkeypatch.setattr("bench.sweep.measure", lambda _: CURVES)
    monkeypatch.setattr("bench.report.write", lambda *page: written.append(page))

    results, missing = verb.run_all(3, Kept(tmp_path / "kept.json", "abc", resume=False))

    assert [result.id for result in results] == ["P1", "P3"]
    assert missing == {"P2": "Failure: drifted"}
    assert written[0][1:] == (results, CURVES, missing)


def test_an_interrupted_run_goes_on_with_what_it_measured(tmp_path):
    path = tmp_path / "var" / "kept.json"
    result = Result("P1", (goal(">=", 1.5),), pairs=3, fdatasync_per_s=1, seen=(("rows", "5"),))
    other = Result("P1", (), pairs=3, fdatasync_per_s=1)

    def found(*, resume: bool, options: str = "--pairs 3") -> Result:
        kept = Kept(path, "abc", resume=resume)
        return Result.of(kept.each(["P1"], lambda _: other.stored(), options)[0]["P1"])

    Kept(path, "abc", resume=False).each(["P1"], lambda _: result.stored(), "--pairs 3")

    assert found(resume=True) == result
    assert found(resume=True, options="--pairs 5") == other
    assert found(resume=False) == other


def test_what_other_sources_gave_is_not_gone_on_with(tmp_path):
    path = tmp_path / "kept.json"
    Kept(path, "abc", resume=False).keep("P1", {})

    for commit in ("def", "abc-dirty"):
        with pytest.raises(Failure, match="without --resume"):
            Kept(path, commit, resume=True)
