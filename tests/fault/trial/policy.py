"""POLICY: how soon a change of who may do what is in force everywhere."""

import math
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace

import grpc

from devkit.console import Failure
from devkit.process import wait_until
from kit.api import Client, Refused, request_id
from kit.events import Subscriber

from fault.trial.figures import Criterion
from fault.trial.history import CREATE, UPDATE
from fault.trial.nemesis import WARM_UP_S
from fault.trial.supervisor import Supervisor, Trial, run_under

TITLE = ("roles, assignments and teams change, users and keys are suspended, users deleted, under writes, while three "
         "replicas of sales are asked without a pause and followed; two of them are killed in turn")
SECONDS = 180
RATE = 200.0
REPLICAS = 3
BOUND_S = 2.0
# What a member that was killed had to do waits until its session is over.
SESSION_S = 6.5
AFTER_KILL = "any, in the 13 s after a kill"
GIVE_UP_S = 20.0
PAUSE_S = 0.005
KILL_EVERY = 60  # Changes.
KINDS = 14
TENANT = "00000000-0000-4000-8000-00000000b0b1"
PIPELINE = "pipelines/watched"
GET = "lotura.sales.v1.PipelineService/GetPipeline"
SERVICES = {"role": "lotura.directory.v1.RoleService", "user": "lotura.directory.v1.UserService",
            "team": "lotura.directory.v1.TeamService",
            "assignment": "lotura.directory.v1.RoleAssignmentService",
            "client": "lotura.directory.v1.ClientService",
            "key": "lotura.directory.v1.ApiKeyService",
            "pipeline": "lotura.sales.v1.PipelineService"}
TEAM, ASSIGNMENT = "teams/watched", "roleAssignments/team"
KEY = "clients/watched/apiKeys/watched"
KEY_DAYS = 30
STREAM = "a stream of his ends"
RULE = {"record_type": "sales.lotura/Pipeline", "scope": "SCOPE_ALL",
        "access": "ACCESS_READ"}
# Of a replica that was killed, or that this machine left without a processor: how late it is in the end, counts.
NO_ANSWER = ("UNAVAILABLE", "DEADLINE_EXCEEDED")
# What the user is answered.
SEEN, HIDDEN, REFUSED, KEY_REFUSED = "OK", "NOT_FOUND", "USER_UNKNOWN", "KEY_SUSPENDED"
WITHOUT_ROLE = "PERMISSION_DENIED"


def answer_of(client: Client) -> str:
    try:
        client.call(GET, name=PIPELINE, seconds=BOUND_S)
    except grpc.RpcError as error:
        return Refused(error).reason or error.code().name
    return SEEN


@dataclass(frozen=True)
class Change:
    """What it is called, what makes it, what the user, or whoever has the key, is answered before
    and from then on, and whether it ends streams."""

    kind: str
    make: Callable[[], None]
    old: str
    new: str
    by_key: bool = False
    ends_streams: bool = False


@dataclass
class Delays:
    """Seconds from the acknowledgment of a change until a replica acts on it, by kind."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    never: int = 0
    # Answers that are neither the old nor the new one.
    strange: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def await_answer(self, change: "Change", client: Client, since: float) -> None:
        def is_in_force() -> bool:
            answer = answer_of(client)
            # Whoever is suspended while his call is under way sees nothing.
            if answer not in (change.old, change.new, HIDDEN, *NO_ANSWER):
                with self._lock:
                    self.strange.add(f"{answer} while {change.kind}")
            return answer == change.new

        self._note(change.kind, wait_until(is_in_force, GIVE_UP_S, PAUSE_S), since)

    def await_end(self, change: "Change", stream: Subscriber, since: float) -> None:
        refusal = stream.refusal(GIVE_UP_S)
        if refusal is not None and refusal.reason != change.new:
            with self._lock:
                self.strange.add(f"{refusal.reason} of a stream")
        self._note(AFTER_KILL if change.kind == AFTER_KILL else STREAM, refusal is not None, since)

    def _note(self, kind: str, seen: bool, since: float) -> None:
        with self._lock:
            if seen:
                self.seconds.setdefault(kind, []).append(time.monotonic() - since)
            else:
                self.never += 1

    def percentile(self, kind: str, part: float) -> float:
        """Of all replicas; infinite if one never acted on a change."""
        ordered = sorted(self.seconds.get(kind, []))
        if not ordered or self.never:
            return float("inf")
        return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


class Directory:
    """Changes who may do what, as an administrator does. The user has his role by his team."""

    def __init__(self, directory: Client):
        self._directory = directory

    def prepare(self) -> str:
        """The token of the key."""
        self._directory.call(f"{SERVICES['team']}/CreateTeam", team_id="watched",
                             team={"display_name": "Watched"})
        self._directory.call(f"{SERVICES['user']}/CreateUser", user_id="watched",
                             user={"display_name": "Watched", "team": TEAM})
        self._directory.call(f"{SERVICES['client']}/CreateClient", client_id="watched",
                             client={"display_name": "Watched"})
        self._directory.call(f"{SERVICES['role']}/CreateRole", role_id="watched", role={
            "display_name": "Watched",
            "permissions": ["sales.pipelines.read", "events.streams.read"],
            "record_rules": [RULE]})
        for assignment, member in (("team", TEAM), ("client", "clients/watched")):
            self._directory.call(f"{SERVICES['assignment']}/CreateRoleAssignment",
                                 role_assignment_id=assignment,
                                 role_assignment={"role": "roles/watched", "member": member})
        issued = self._directory.call(
            f"{SERVICES['key']}/IssueApiKey", parent="clients/watched", api_key_id="watched",
            request_id=request_id(), api_key={
                "display_name": "Watched",
                "expire_time": {"seconds": int(time.time()) + KEY_DAYS * 86_400}})
        return issued.token

    def set_rules(self, rules: list[dict]) -> None:
        self._directory.call(f"{SERVICES['role']}/UpdateRole",
                             role={"name": "roles/watched", "record_rules": rules},
                             update_mask={"paths": ["record_rules"]})

    def set_suspended(self, suspended: bool) -> None:
        self._directory.call(f"{SERVICES['user']}/UpdateUser",
                             user={"name": "users/watched", "suspended": suspended},
                             update_mask={"paths": ["suspended"]})

    def set_team(self, team: str) -> None:
        self._directory.call(f"{SERVICES['user']}/UpdateUser",
                             user={"name": "users/watched", "team": team},
                             update_mask={"paths": ["team"]})

    def set_deleted(self, kind: str, name: str, deleted: bool) -> None:
        """Of a user or a role assignment."""
        verb = "Delete" if deleted else "Undelete"
        method = {"user": f"{verb}User", "assignment": f"{verb}RoleAssignment"}[kind]
        self._directory.call(f"{SERVICES[kind]}/{method}", name=name)

    def set_key_suspended(self, suspended: bool) -> None:
        self._directory.call(f"{SERVICES['key']}/UpdateApiKey",
                             api_key={"name": KEY, "suspended": suspended},
                             update_mask={"paths": ["suspended"]})


def _changes(directory: Directory) -> tuple[Change, ...]:
    """One after the other, each of which the next one takes back."""
    return (
        Change("a rule is taken away", lambda: directory.set_rules([]), SEEN, HIDDEN),
        Change("a rule is given", lambda: directory.set_rules([RULE]), HIDDEN, SEEN),
        Change("an assignment is taken away",
               lambda: directory.set_deleted("assignment", ASSIGNMENT, True), SEEN, WITHOUT_ROLE),
        Change("an assignment is given back",
               lambda: directory.set_deleted("assignment", ASSIGNMENT, False), WITHOUT_ROLE, SEEN),
        Change("a user leaves his team", lambda: directory.set_team(""), SEEN, WITHOUT_ROLE),
        Change("a user joins a team", lambda: directory.set_team(TEAM), WITHOUT_ROLE, SEEN),
        Change("a user is suspended", lambda: directory.set_suspended(True), SEEN, REFUSED,
               ends_streams=True),
        Change("a user is let in again", lambda: directory.set_suspended(False), REFUSED, SEEN),
        Change("a user is deleted", lambda: directory.set_deleted("user", "users/watched", True),
               SEEN, REFUSED, ends_streams=True),
        Change("a user is undeleted", lambda: directory.set_deleted("user", "users/watched", False),
               REFUSED, SEEN),
        Change("a key is suspended", lambda: directory.set_key_suspended(True), SEEN, KEY_REFUSED,
               by_key=True),
        Change("a key is accepted again", lambda: directory.set_key_suspended(False), KEY_REFUSED,
               SEEN, by_key=True))


@dataclass
class Changes:
    """Changes policies one after the other, and kills replicas in between."""

    delays: Delays = field(default_factory=Delays)
    made: int = 0
    kills: int = 0
    killed_at: float = -math.inf

    def __call__(self, supervisor: Supervisor) -> None:
        stack = supervisor.stack
        replicas = [stack.member("sales"), *(stack.add_replica("sales", number)
                                                for number in range(2, REPLICAS + 1))]
        for replica in replicas:
            replica.start()
            replica.wait_ready()
        token = stack.issuer.mint(user="users/watched", tenant=TENANT, permissions=None)
        own = stack.issuer.mint(tenant=TENANT)
        with Client(stack.grpc("sales"), own) as sales, \
             Client(stack.grpc("directory"), own) as administrator:
            sales.call(f"{SERVICES['pipeline']}/CreatePipeline", pipeline_id="watched",
                       pipeline={"display_name": "Watched"})
            directory = Directory(administrator)
            key = directory.prepare()
            watchers = {False: [Client(replica.grpc, token) for replica in replicas],
                        True: [Client(replica.grpc, key) for replica in replicas]}
            self._await_first([*watchers[False], *watchers[True]])
            supervisor.rest(WARM_UP_S)
            with ThreadPoolExecutor(2 * REPLICAS) as pool:
                while supervisor.is_loaded():
                    self._round(directory, watchers, pool)
                    if self.made // KILL_EVERY > self.kills:
                        self._kill(replicas[1 + self.kills % (REPLICAS - 1)])

    def _await_first(self, watchers: list[Client]) -> None:
        for watcher in watchers:
            if not wait_until(lambda watcher=watcher: answer_of(watcher) == SEEN, 3 * GIVE_UP_S,
                              PAUSE_S):
                raise Failure("the role was never in force.")

    def _round(self, directory: Directory, watchers: dict[bool, list[Client]], pool) -> None:
        """The watchers with the user's token, and, under True, those with the key."""
        for change in _changes(directory):
            # The group settles twice: when the member is missed, and when it has come back.
            if time.monotonic() - self.killed_at < 2 * SESSION_S:
                change = replace(change, kind=AFTER_KILL)
            self._make(change, watchers[change.by_key], pool)
            self.made += 1

    def _make(self, change: Change, watchers: list[Client], pool) -> None:
        with ExitStack() as stack:
            streams = [stack.enter_context(Subscriber(watcher, service="sales", start="LATEST"))
                       .wait_open() for watcher in watchers if change.ends_streams]
            change.make()
            since = time.monotonic()
            waits = [pool.submit(self.delays.await_answer, change, watcher, since)
                     for watcher in watchers]
            waits += [pool.submit(self.delays.await_end, change, one, since) for one in streams]
            for wait in waits:
                wait.result()

    def _kill(self, replica) -> None:
        self.kills += 1
        self.killed_at = time.monotonic()
        replica.kill()
        replica.start()
        replica.wait_ready()


def run(trial: Trial) -> list[Criterion]:
    rate = trial.rate_or(RATE)
    changes = Changes()
    with trial.stack() as stack:
        report = run_under(trial, stack, {CREATE: rate / 2, UPDATE: rate / 2}, changes)
    delays = changes.delays
    trial.figures |= {"changes": changes.made, "kills": changes.kills,
                      "strange answers": ", ".join(sorted(delays.strange)) or "none"}
    for kind in delays.seconds:
        trial.figures[f"{kind}: median s"] = delays.percentile(kind, 0.5)
    return [*report.durability(),
            *(Criterion(f"{kind}: p99 s on {REPLICAS} replicas", delays.percentile(kind, 0.99),
                        "<=", BOUND_S + (SESSION_S if kind == AFTER_KILL else 0))
              for kind in sorted(delays.seconds)),
            Criterion("kinds of changes seen", len(delays.seconds), "==", KINDS),
            Criterion("changes that were never in force", delays.never, "==", 0),
            Criterion("answers that are neither old nor new", len(delays.strange), "==", 0)]
