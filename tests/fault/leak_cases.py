"""People, deals and callers, for tests of what a hunt takes for a leak."""

from fault.leaks import canary, schema
from fault.leaks.detector import Detector, Sent
from fault.leaks.event_look import judge_event
from fault.leaks.ledger import Ledger, PolicyLog
from fault.leaks.policy import Access, Assignment, Policy, RecordRule, Role, Scope, Seen, Team, User
from fault.leaks.replies import Reply
from kit.api import DETAILS, message_class

PERSON, DEAL = "accounts.lotura/Person", "sales.lotura/Opportunity"
ANNA, BEN, MIA = "users/anna", "users/ben", "users/mia"
WORLD = 1
BEGIN, END = 100.0, 100.1
MINT = canary.Mint(WORLD)
SECRET, NUMBER = MINT.text(), MINT.number()


def role(*rules: RecordRule, **fields: Seen) -> Role:
    """One that hides, masks or shows fields of people; without any it shows all."""
    return Role("roles/r", frozenset({"*"}), rules,
                {(PERSON, name): seen for name, seen in fields.items()})


def policy_of(given: Role, member: str = ANNA) -> Policy:
    return Policy(users={ANNA: User("teams/t"), BEN: User("teams/below"), MIA: User()},
                  teams={"teams/t": Team(manager=MIA), "teams/below": Team("teams/t")},
                  roles={given.name: given},
                  assignments={"roleAssignments/a": Assignment(given.name, member)})


ALL_PEOPLE = RecordRule(PERSON, Scope.ALL, Access.READ)
OWN_DEALS = RecordRule(DEAL, Scope.OWN, Access.UPDATE)
HIDING = policy_of(role(ALL_PEOPLE, display_name=Seen.READ, email=Seen.MASKED))


def person(version: int = 1, **fields):
    given = {"display_name": "Somebody", "family_name": SECRET, "email": f"{SECRET}@example.com"}
    return schema.record_types()[PERSON].new(name="people/p1", etag=f'"v{version}"',
                                             **(given | fields))


def deal(version: int = 1, owner: str = ANNA, **fields):
    return schema.record_types()[DEAL].new(
        name="opportunities/o1", etag=f'"v{version}"', owner=f"//directory.lotura/{owner}",
        stage="pipelines/p/stages/s", pipeline="pipelines/p", **fields)


class Judge:
    """A detector that knows these records, all of them since long ago."""

    def __init__(self, policy: Policy, *records):
        self.ledger = Ledger()
        self.policies = PolicyLog(policy)
        self.detector = Detector(WORLD, self.ledger, self.policies)
        for record in records:
            self.ledger.note(record, 0.0, 0.0)

    def kinds(self, reply: Reply, rpc: str = "GetPerson", **how) -> list[str]:
        return [leak.kind for leak in self.detector.judge(sent(rpc, **how), reply)]

    def kinds_of_event(self, answer, **how) -> list[str]:
        return [leak.kind for leak in judge_event(self.detector, sent("Subscribe", **how), answer,
                                                  BEGIN, END)]


def sent(method: str, **how) -> Sent:
    rpc = next(one for one in schema.rpcs().values() if one.name.endswith(f"/{method}"))
    fields = how.pop("fields", {})
    return Sent(rpc, "response", ANNA, rpc.request(**fields), **how)


def answered(message) -> Reply:
    return Reply(BEGIN, END, message)


def refused(text: str, **metadata: str) -> Reply:
    info = message_class("google.rpc.ErrorInfo")(reason="ANY", metadata=metadata)
    status = message_class("google.rpc.Status")(message=text)
    status.details.add().Pack(info)
    return Reply(BEGIN, END, None, "FAILED_PRECONDITION", text,
                 {DETAILS: status.SerializeToString()})


def told(**changes):
    """The person as Anna may see it, but for the changes."""
    seen = {"family_name": "", "email": "z***@example.com"}
    return person(**(seen | changes))
