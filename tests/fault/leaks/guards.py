"""Where the sources ask for rights, and which of these places no mutant leaves out, and why."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from devkit.layout import ROOT

# Calls, and no declarations of what is called.
ASKS = re.compile(r"(?:\b(?:ViewFor|CheckAccess|CheckShown|CheckReadsAll|ShownTo)"
                  r"|(?:\.|->)(?:Allows|Show|Mask|MaskTried|Records|RecordsShowing|Reads|Shows|ShowsAll"
                  r"|ShowsAlways|CheckReadsEvery|CheckReadsSome))\((?!const )")
OMITS = re.compile(r'\bOmits\("[a-z_.]+"\)')
# An Omits stands in the line that asks or in one of so many before it.
LINES_BEFORE = 2
NO_PLACES = ("_test.cc", "testdata/", "libs/testing/")


@dataclass(frozen=True)
class Exempt:
    """A place that no mutant leaves out: the line of a file that has this text."""

    file: str
    text: str
    why: str


A_VIEW = "it is only the view by which others ask, of whom each can be left out: "
WITHIN = "whoever calls it can be left out: "
EXEMPT = (
    Exempt("libs/access/access_service.cc", "ViewFor(call.principal", A_VIEW + "explain.record"),
    Exempt("libs/feed/seen_event.cc", "view.Allows(Access::kRead, *record)",
           WITHIN + "feed.removed, feed.before, feed.detail"),
    Exempt("libs/feed/seen_event.cc", "view.Reads(path, record)", WITHIN + "feed.changed_fields"),
    Exempt("libs/feed/seen_event.cc", "view.ShowsAll(*record)", WITHIN + "feed.detail"),
    Exempt("libs/resource/changes.h", "ViewOf(TypeOf(T::descriptor())).Reads(path, record)",
           "roles for which it matters are too rare for a hunt of a minute; tests/component/access_test.cc "
           "has one"),
    Exempt("libs/resource/lister.cc", "view.ShowsAlways(ColumnsOf(*order))",
           "it chooses an order for whoever asks for none; what orders speak of is asked at list.asked"),
    Exempt("libs/resource/lister.cc", "view.ShowsAlways(ColumnsOf(other))", "as above"),
    Exempt("libs/resource/refusal.cc", "!view->Records(Access::kRead)", WITHIN + "key.holder"),
    Exempt("libs/resource/refusal.cc", "view->ShowsAlways({column})", WITHIN + "key.holder"),
    Exempt("services/analytics/report_sight.cc", "deal->Shows(field)", WITHIN + "states.fields"),
    Exempt("services/analytics/report_sight.cc", "records.CheckReadsSome(kOpportunity, fields)",
           "it refuses a report that would be empty; which opportunities count is asked at report.records"),
    Exempt("services/communications/timeline_sight.cc", "source->Shows(path)",
           WITHIN + "states.fields"),
    Exempt("services/communications/timeline_sight.cc", "source->ShowsAll()",
           WITHIN + "states.fields"),
    Exempt("libs/access/record_states.cc", "ViewFor(caller_, declaration)",
           A_VIEW + "states.records, states.fields"),
    Exempt("libs/feed/selection.cc", "view = resource::ViewFor(subscriber_",
           A_VIEW + "feed.record, feed.asked, and those of seen_event.cc"),
    Exempt("libs/feed/selection.cc", "!view->Allows(resource::Access::kRead, *records.after)",
           "without it less is told: of what leaves the view, only the events that were asked for"),
    Exempt("libs/feed/selection.cc", "? resource::ViewFor(subscriber_",
           "it tells when the views have changed, and shows nothing"),
    Exempt("libs/host/service.h", "CheckReadsAll(call.principal)",
           "of the one query that is answered so, GetApiKeyUse, the test of authorization asks "
           "under every role"),
    Exempt("libs/resource/changes.cc", "view = ViewFor(call_.principal",
           A_VIEW + "change.*, create.*, update.*, reference.record"),
    Exempt("libs/resource/changes.cc", "CheckAccess(ViewOf(type)",
           WITHIN + "change.read, change.write, reference.record"),
    Exempt("libs/resource/creation.cc", "if (view.Allows(Access::kUpdate, record)) return",
           "it decides whose a new record becomes; what is made is asked about at create.record"),
    Exempt("libs/resource/lister.cc", "ViewFor(call.principal", A_VIEW + "list.*"),
    Exempt("libs/resource/modification.cc", "CheckAccess(view, Access::kUpdate, before)",
           "the same is asked again before anything is saved, at change.write; here it decides "
           "which of two refusals comes"),
    Exempt("libs/resource/rights.cc", "if (view.Allows(access, record))",
           WITHIN + "change.read, change.write, reference.record"),
    Exempt("libs/resource/shown.cc", "ViewFor(showing.caller", WITHIN + "answer.fields"),
    Exempt("libs/resource/shown.cc", "view->Mask(record)", WITHIN + "answer.fields"),
    Exempt("libs/resource/shown.cc", "view->MaskTried(", WITHIN + "answer.fields"),
    Exempt("libs/resource/shown.cc", "ViewFor(caller, *type->declaration)->Show(",
           WITHIN + "answer.fields"),
    Exempt("libs/resource/standard_methods.cc", "view = ViewFor(get.call->principal",
           A_VIEW + "get.record, get.fields"),
    Exempt("libs/resource/standard_methods.cc", "ViewPtr view = ViewFor(call.principal",
           A_VIEW + "get.record, get.fields"),
    Exempt("services/communications/timeline_sight.cc", "ViewFor(call.principal, declaration)",
           A_VIEW + "states.records, timeline.fields"),
    Exempt("services/communications/timeline_sight.cc", "activities_->Mask(activity)",
           WITHIN + "timeline.fields"),
)


def sources() -> Iterator[tuple[str, str]]:
    """Paths and texts of what may ask."""
    for folder in ("libs", "services"):
        for path in sorted([*(ROOT / folder).rglob("*.cc"), *(ROOT / folder).rglob("*.h")]):
            name = str(path.relative_to(ROOT))
            if not any(part in name for part in NO_PLACES):
                yield name, Path(path).read_text(encoding="utf-8")


def unguarded(text: str) -> Iterator[tuple[int, str]]:
    """Lines that ask for rights where no mutant leaves that out, with their numbers."""
    lines = text.splitlines()
    for index, line in enumerate(lines):
        near = lines[max(0, index - LINES_BEFORE):index + 1]
        if ASKS.search(line) and not any(OMITS.search(one) for one in near):
            yield index + 1, line.strip()
