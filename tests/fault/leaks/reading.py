"""Callers who read: single records, batches, lists, and what is made of many records."""

import random
from collections.abc import Callable

from fault.leaks import schema
from fault.leaks.conditions import random_condition
from fault.leaks.detector import Leak, Sent
from fault.leaks.hunt import Hunt
from fault.leaks.ledger import State
from fault.leaks.policy import Access
from fault.leaks.replies import Reply
from fault.leaks.schema import ALWAYS_SEEN, Rpc

BATCH = 60
PAGES = 5
TRIES = 5  # For somebody who may read a record.
PAGE_SIZES = (0, 100, 400, 1000)
SMALL_PAGES = (1, 3, 10)
EVENT_SERVICES = ("directory", "accounts", "sales", "communications", "analytics")
DIMENSIONS = 7
ACTIVITY = "communications.lotura/Activity"
# On whose timelines others stand, or much happens.
ON_TIMELINES = ("accounts.lotura/Person", "accounts.lotura/Organization", "sales.lotura/Opportunity",
                "accounts.lotura/Affiliation", "sales.lotura/Pipeline")
WRONG_NAMES = ("", "people/", "people/UPPER", "nobody/w1xx00001", "people/a/b")
WRONG_FILTERS = ("display_name =", "unknown = 1", "(((", "display_name < 5 5",
                 "create_time = yesterday")


class Readers:
    """What callers ask who change nothing. Used by one thread."""

    def __init__(self, hunt: Hunt, chance: random.Random):
        self._hunt = hunt
        self._world = hunt.world
        self._chance = chance
        self._ways: dict[str, Callable[[Rpc, str], None]] = {
            "Get": self.get, "BatchGet": self.batch_get, "List": self.list,
            "GetSchema": self.event_schema, "ListEventTypes": self.event_types,
            "ExplainAccess": self.explain, "ListTimeline": self.timeline,
            "QueryFunnel": self.funnel, "QueryRevenue": self.revenue}

    def drives(self, kind: str) -> bool:
        return kind in self._ways

    def drive(self, rpc: Rpc, path: str) -> None:
        self._ways[rpc.kind](rpc, path)

    # Single records and batches.

    def get(self, rpc: Rpc, path: str) -> None:
        if path == "error":
            name = self._wrong_name(rpc.type)
            self._ask(rpc, path, self._hunt.caller(self._chance), rpc.request(name=name))
            return
        state = self._world.any_state(rpc.type, self._chance)
        if state is None:
            return
        if path == "cache":  # As somebody finds it who is the second one to ask.
            self._world.ask(rpc, rpc.request(name=state.name))
        for user in {self._hunt.caller(self._chance) for _ in range(2)}:
            self._get(rpc, path, user, state)

    def _get(self, rpc: Rpc, path: str, user: str, state: State) -> None:
        reply = self._ask(rpc, path, user, rpc.request(name=state.name))
        states = self._world.ledger.readable(state.name, reply.begin, reply.end)
        policy = self._world.policies.certain(reply.begin, reply.end)
        if not reply.decided or len(states) != 1 or policy is None:
            return
        self._hunt.asked_for += 1
        sight = policy.sight(user, states[0])
        self._hunt.seen += sight.access >= Access.READ
        expected = sight.access >= Access.READ and policy.permits(user, rpc.permission)
        if expected and not reply.ok:
            self._hunt.withheld.append(f"{state.name} from {user}: {reply.code} {reply.reason}")

    def _wrong_name(self, type_: schema.RecordType) -> str:
        names = self._world.ledger.names(type_)
        others = self._world.names_of_others(type_)
        ways = [lambda: self._chance.choice(WRONG_NAMES)]
        if names:
            ways.append(lambda: self._world.absent_like(self._chance.choice(names)))
        if others:
            ways.append(lambda: self._chance.choice(others))
        return self._chance.choice(ways)()

    def batch_get(self, rpc: Rpc, path: str) -> None:
        user = self._hunt.caller(self._chance)
        states = self._hunt.some(rpc.type, self._chance, BATCH)
        if path != "error":
            states = [state for state in states if self._hunt.access(user, state) >= Access.READ]
        names = [state.name for state in states]
        if path == "error":
            names.insert(self._chance.randrange(len(names) + 1), self._wrong_name(rpc.type))
        if not names:
            user, names = self._hunt.caller(self._chance), [self._wrong_name(rpc.type)]
        request = rpc.request(names=names, **self._any_parent(rpc))
        if path == "cache":
            self._world.ask(rpc, request)
        self._ask(rpc, path, user, request)

    @staticmethod
    def _any_parent(rpc: Rpc) -> dict:
        return {"parent": rpc.type.parent} if rpc.type.parent else {}

    def _ask(self, rpc: Rpc, path: str, user: str, request, **how) -> Reply:
        return self._hunt.call(Sent(rpc, path, user, request, **how))

    # Lists.

    def list(self, rpc: Rpc, path: str) -> None:
        user = self._hunt.caller(self._chance)
        fields = {"page_size": self._chance.choice(PAGE_SIZES)} | self._parent(rpc, path)
        if path == "error":
            self._list_wrongly(rpc, user, fields)
            return
        asked: frozenset[str] = frozenset()
        if path == "filter" or (path != "response" and self._chance.random() < 0.3):
            condition = random_condition(self._chance, rpc.type, rpc.type.columns.values())
            fields["filter"], asked = condition.text, asked | condition.columns
        if path == "order" or (path == "page token" and self._chance.random() < 0.5):
            if rpc.type.orders and (not rpc.type.parent or fields["parent"] != rpc.type.parent):
                order = self._chance.choice(rpc.type.orders)
                fields["order_by"], asked = order, asked | columns_of(order)
        if path == "page token":
            fields["page_size"] = self._chance.choice(SMALL_PAGES)
        elif path == "response" and rpc.type.soft_delete and self._chance.random() < 0.2:
            fields["show_deleted"] = True
        self._leaf(rpc, path, user, fields, asked)

    def _parent(self, rpc: Rpc, path: str) -> dict:
        """All parents, or one of them: over all there is but the order of names."""
        if not rpc.type.parent:
            return {}
        names = self._world.ledger.names(rpc.type)
        if names and (path == "order" or self._chance.random() < 0.5):
            return {"parent": schema.parent_of(self._chance.choice(names))}
        return {"parent": rpc.type.parent}

    def _leaf(self, rpc: Rpc, path: str, user: str, fields: dict, asked: frozenset[str]) -> None:
        """Reads the list page by page."""
        for _ in range(PAGES):
            reply = self._ask(rpc, path, user, rpc.request(**fields), asked=asked)
            if not reply.ok:
                return
            self._check_refusal(rpc, path, user, asked, reply)
            token = reply.answer.next_page_token
            if not token:
                return
            if path == "page token" and self._chance.random() < 0.3:
                # Neither somebody else nor another question gets anything for it.
                other = self._hunt.caller(self._chance)
                self._ask(rpc, path, other, rpc.request(**fields | {"page_token": token}),
                          asked=asked)
            fields = fields | {"page_token": token}

    def _check_refusal(self, rpc: Rpc, path: str, user: str, asked, reply: Reply) -> None:
        policies = self._hunt.possible(reply)
        if asked and all(policy.hides_always(user, rpc.type, asked) for policy in policies):
            self._hunt.found(Leak("hidden filter", rpc.name, path, user,
                                  f"an answer that speaks of {', '.join(sorted(asked))}"))

    def _list_wrongly(self, rpc: Rpc, user: str, fields: dict) -> None:
        wrong = self._chance.choice((
            {"filter": self._chance.choice(WRONG_FILTERS)}, {"order_by": "nothing desc"},
            {"page_token": "bm90aGluZw"}, {"page_size": -1}, {"filter": "x" * 4001}))
        self._ask(rpc, "error", user, rpc.request(**fields | wrong))

    # What is made of many records, and what explains.

    def explain(self, rpc: Rpc, path: str) -> None:
        type_ = self._chance.choice(list(schema.record_types().values()))
        state = self._world.any_state(type_, self._chance)
        if state is None:
            return
        name = self._wrong_name(type_) if path == "error" else state.name
        user = self._hunt.caller(self._chance)
        request = rpc.request(user=self._hunt.caller(self._chance),
                              name=f"//{type_.service}.lotura/{name}")
        sent = Sent(rpc, path, user, request)
        reply = self._hunt.call(sent, type_.service)
        states = self._world.ledger.readable(name, reply.begin, reply.end)
        policies = self._hunt.possible(reply)
        if reply.ok and not any(policy.sight(user, one).access >= Access.READ
                                for policy in policies for one in states):
            self._hunt.found(Leak("record", rpc.name, path, user, f"that {name} is there"))

    def _on_timeline(self) -> tuple[str, str]:
        """The full name of a record of which something is told, and somebody to whom: often by an
        activity that he may read."""
        activity = self._world.any_state(schema.record_types()[ACTIVITY], self._chance)
        told = [] if activity is None else [*activity.message.regarding,
                                            *activity.message.participants]
        if told and self._chance.random() < 0.5:
            return self._chance.choice(told), self._reader(activity)
        type_ = schema.record_types()[self._chance.choice(ON_TIMELINES)]
        state = self._world.any_state(type_, self._chance)
        if state is None:
            return "//accounts.lotura/people/nobody", self._hunt.caller(self._chance)
        return f"//{type_.service}.lotura/{state.name}", self._reader(state)

    def _reader(self, state: State) -> str:
        """Mostly somebody who may read it."""
        callers = [self._hunt.caller(self._chance) for _ in range(TRIES)]
        return next((user for user in callers if self._hunt.access(user, state) >= Access.READ),
                    callers[0])

    def timeline(self, rpc: Rpc, path: str) -> None:
        record, user = self._on_timeline()
        fields = {"record": "people/x" if path == "error" else record,
                  "page_size": self._chance.choice(PAGE_SIZES)}
        if path == "page token":
            fields["page_size"] = self._chance.choice(SMALL_PAGES)
        for _ in range(PAGES):
            # Somebody else gets nothing for a token.
            one = self._hunt.caller(self._chance) if self._chance.random() < 0.1 else user
            reply = self._hunt.timeline(Sent(rpc, path, one, rpc.request(**fields)))
            if not reply.ok or not reply.answer.next_page_token:
                return
            fields["page_token"] = reply.answer.next_page_token

    def funnel(self, rpc: Rpc, path: str) -> None:
        pipeline = self._world.pick("sales.lotura/Pipeline", self._chance) or "pipelines/nothing"
        self._report(rpc, path, {"pipeline": f"//sales.lotura/{pipeline}", **self._groups(path)})

    def revenue(self, rpc: Rpc, path: str) -> None:
        self._report(rpc, path, self._groups(path))

    def _groups(self, path: str) -> dict:
        if path == "error":
            return {"group_by": [1, 1, 0]}
        return {"group_by": self._chance.sample(range(1, DIMENSIONS + 1),
                                                self._chance.randrange(3))}

    def _report(self, rpc: Rpc, path: str, fields: dict) -> None:
        self._hunt.report(Sent(rpc, path, self._hunt.caller(self._chance), rpc.request(**fields),
                               replayed=True))

    def event_schema(self, rpc: Rpc, path: str) -> None:
        type_ = "lotura.sales.opportunity.moved.v1" if path == "response" else "lotura.nothing.v1"
        self._at_any(rpc, path, rpc.request(event_type=type_))

    def event_types(self, rpc: Rpc, path: str) -> None:
        self._at_any(rpc, path, rpc.request(service="" if path == "response" else "nothing"))

    def _at_any(self, rpc: Rpc, path: str, request) -> None:
        self._hunt.call(Sent(rpc, path, self._hunt.caller(self._chance), request),
                        self._chance.choice(EVENT_SERVICES))


def columns_of(order: str) -> frozenset[str]:
    """Of "amount desc" the amount; of what everybody sees nothing."""
    words = {part.split()[0] for part in order.split(",")}
    return frozenset(words - set(ALWAYS_SEEN))
