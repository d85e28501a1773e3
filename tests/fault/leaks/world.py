"""A tenant in which the hunt takes place: its records, its policies, and whoever administers it."""

import random
import threading
import time
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager

from devkit.console import Failure
from devkit.issuer import Issuer

from fault.leaks import schema
from fault.leaks.canary import Mint
from fault.leaks.detector import Detector
from fault.leaks.ledger import Ledger, PolicyLog, State
from fault.leaks.policy import Policy
from fault.leaks.replies import UNDECIDED, Door, Reply
from fault.leaks.values import OWNER, TEAM, Values

BATCH = 100
PATIENCE_S = 90
PAUSE_S = 0.3
TRIES = 5
# What a batch is refused with until its service has heard of the records of others.
NOT_YET = ("REFERENCE_NOT_FOUND", "POLICY_UNAVAILABLE")
DIRECTORY = "directory"


def tenant_of(world: int, run: str) -> str:
    """The same for whoever wants to name the records of others."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{run}/{world}"))


class World:
    """One tenant. Thread-safe, but for the making of it."""

    def __init__(self, number: int, run: str, door: Door, issuer: Issuer):
        self.number = number
        self.door = door
        self.tenant = tenant_of(number, run)
        self.mint = Mint(number)
        self.ledger = Ledger()
        self.policies = PolicyLog(Policy())
        self.detector = Detector(number, self.ledger, self.policies)
        self.chance = random.Random(f"{run}/{number}")
        # The users, teams, roles, sets and assignments of which the policy is made; callers leave
        # them as they are.
        self.of_policy: set[str] = set()
        self._issuer = issuer
        self._administrator = issuer.mint(user="users/administrator", tenant=self.tenant)
        self._tokens: dict[str, str] = {}
        self._ids: dict[str, int] = defaultdict(int)
        self._locks: dict[str, threading.RLock] = defaultdict(threading.RLock)
        self._lock = threading.Lock()

    # Names.

    def new_id(self, type_: schema.RecordType) -> str:
        with self._lock:
            self._ids[type_.type] += 1
            return self._id(type_, self._ids[type_.type])

    def _id(self, type_: schema.RecordType, number: int) -> str:
        return f"w{self.number}{type_.singular[:2].replace('_', '')}{number:05d}"

    def absent_like(self, name: str) -> str:
        """A name as long as this one, of a record that is not there."""
        return name[:-5] + f"{self.chance.randrange(90_000, 100_000)}"

    def names_of_others(self, type_: schema.RecordType) -> list[str]:
        """As they are called in other tenants: the digit of the world is another one."""
        return [name.replace(f"/w{self.number}", f"/w{other}")
                for name in self.ledger.names(type_)[:50] for other in range(1, 8)
                if other != self.number]

    def pick(self, what: str, chance: random.Random | None = None) -> str:
        """A live record of the type that may be referred to; of an OWNER, one who may call; of a
        TEAM, one whose members may call."""
        chance = chance or self.chance
        if what == OWNER:
            return chance.choice(self.policies.latest.callers)
        if what == TEAM:
            return chance.choice(list(self.policies.latest.teams))
        state = self.any_state(schema.record_types()[what], chance, live=True, free=True)
        return state.name if state is not None else ""

    def any_state(self, type_: schema.RecordType, chance: random.Random, *,
                  live: bool | None = None, free: bool = False) -> State | None:
        """A current version; None if a few tries found none. `free` leaves out what the policy is
        made of, and stages in which nothing begins."""
        names = self.ledger.names(type_)
        for _ in range(TRIES * 4 if names else 0):
            state = self.ledger.current(chance.choice(names))
            if live is not None and state.deleted == live:
                continue
            if free and (state.name in self.of_policy or not _begins(state)):
                continue
            return state
        return None

    def values(self, chance: random.Random) -> Values:
        return Values(self.mint, chance, lambda what: self.pick(what, chance))

    # Calls.

    def token(self, user: str) -> str:
        """Of somebody who has what his roles say."""
        if user not in self._tokens:
            self._tokens[user] = self._issuer.mint(user=user, tenant=self.tenant, permissions=None)
        return self._tokens[user]

    def ask(self, rpc: schema.Rpc, request, user: str | None = None,
            service: str | None = None) -> Reply:
        """Without a user the administrator asks."""
        token = self._administrator if user is None else self.token(user)
        return self.door.ask(service or rpc.service, rpc.name, request, token)

    def rpc(self, kind: str, type_: schema.RecordType) -> schema.Rpc:
        return next(one for one in schema.rpcs().values() if one.kind == kind and one.type == type_)

    def administer(self, rpc: schema.Rpc, /, **fields) -> Reply:
        """Asked again until it is decided; Failure if that takes too long."""
        deadline = time.monotonic() + PATIENCE_S
        while (reply := self.ask(rpc, rpc.request(**fields))).code in UNDECIDED:
            if time.monotonic() > deadline:
                raise Failure(f"{rpc.name} was not decided: {reply.code} {reply.text}")
            threading.Event().wait(PAUSE_S)
        return reply

    # What is true.

    @contextmanager
    def writing(self, names: Iterable[str]) -> Iterator[None]:
        """Nobody else writes these records during the block."""
        with ExitStack() as held:
            for name in sorted(set(names)):
                with self._lock:
                    lock = self._locks[name]
                held.enter_context(lock)
            yield

    def settle(self, names: Iterable[str], begin: float) -> dict[str, State]:
        """Tells the ledger what a write that was begun then has made of these records."""
        found = {}
        for type_, of_type in _by_type(names).items():
            rpc = self.rpc("Get", type_)
            for name in of_type:
                reply = self.administer(rpc, name=name)
                if reply.ok:
                    found[name] = self.ledger.note(reply.answer, begin, time.monotonic())
                elif reply.code != "NOT_FOUND":
                    raise Failure(f"{name} could not be read: {reply.code} {reply.text}")
        return found

    def settle_history(self, opportunity: str, begin: float) -> None:
        """The same of the history of an opportunity that was moved."""
        type_ = schema.record_types()["sales.lotura/StageChange"]
        reply = self.administer(self.rpc("List", type_), parent=opportunity, page_size=1000)
        for record in reply.answer.stage_changes if reply.ok else ():
            self.ledger.note(record, begin, time.monotonic())

    def create(self, type_: schema.RecordType, records: list[dict], parent: str = "",
               ids: list[str] | None = None) -> list[State]:
        """Made by the administrator, as soon as the service knows what they refer to."""
        rpc = self.rpc("BatchCreate", type_)
        ids = ids or [self.new_id(type_) for _ in records]
        states = []
        for place in range(0, len(records), BATCH):
            one_batch = list(zip(records[place:place + BATCH], ids[place:place + BATCH]))
            states += self._create_batch(rpc, one_batch, parent)
        return states

    def _create_batch(self, rpc: schema.Rpc, batch: list[tuple[dict, str]],
                      parent: str) -> list[State]:
        within = {"parent": parent} if parent else {}
        requests = [{rpc.type.singular: fields, f"{rpc.type.singular}_id": id_, **within}
                    for fields, id_ in batch]
        deadline = time.monotonic() + PATIENCE_S
        begin = time.monotonic()
        reply = self.administer(rpc, requests=requests, request_id=str(uuid.uuid4()), **within)
        while reply.reason in NOT_YET and time.monotonic() < deadline:
            threading.Event().wait(PAUSE_S)
            reply = self.administer(rpc, requests=requests, request_id=str(uuid.uuid4()), **within)
        if not reply.ok:
            raise Failure(f"{rpc.name} failed: {reply.code} {reply.text} {reply.details}")
        return [self.ledger.note(record, begin, reply.end)
                for record in getattr(reply.answer, rpc.type.plural)]


def _begins(state: State) -> bool:
    """Whether an opportunity may begin in it, of a stage."""
    if state.type.singular != "stage":
        return True
    kind = state.message.DESCRIPTOR.fields_by_name["kind"].enum_type.values_by_name["KIND_OPEN"]
    return state.message.kind == kind.number


def _by_type(names: Iterable[str]) -> dict[schema.RecordType, list[str]]:
    found = defaultdict(list)
    for name in names:
        found[schema.type_of(name)].append(name)
    return found

