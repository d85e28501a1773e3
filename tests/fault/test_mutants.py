"""Each place that asks for rights can be left out, by a mutant that a trial has to find."""

import pytest

from fault.leaks.guards import EXEMPT, sources, unguarded


@pytest.mark.parametrize("text", [
    'if (!mutant::Omits("get.record") && !view.Allows(kRead, record)) return NotFound();',
    'if (mutant::Omits("feed.filter")) return Ok();\n\nreturn CheckShown(*view, columns, "filter");',
    "absl::Status CheckAccess(const View& view, Access access);"])
def test_a_place_that_can_be_left_out_is_guarded(text):
    assert list(unguarded(text)) == []


@pytest.mark.parametrize("text", [
    "view.Mask(record);",
    "if (view.Reads(path, record)) seen.add_paths(path);",
    "records.CheckReadsEvery(kStage, fields);",
    # It is about what comes behind it.
    'CheckAccess(view, kUpdate, before);\nif (mutant::Omits("update.fields")) return Ok();',
    'if (!mutant::Omits("change.read")) Load();\n\n\nCheckAccess(view, kUpdate, before);'])
def test_a_place_that_cannot_be_left_out_is_found(text):
    assert len(list(unguarded(text))) == 1


def test_each_place_that_asks_for_rights_can_be_left_out_or_says_why_not():
    found = [(path, line, text) for path, source in sources() for line, text in unguarded(source)]
    exempt = [(path, line) for path, line, text in found for one in EXEMPT
              if path == one.file and one.text in text]

    assert [one for one in found if one[:2] not in exempt] == []
    # Each exemption is of one place, and that is still there.
    assert len(exempt) == len(set(exempt)) == len(EXEMPT)
