"""R2: one request_id in every way in which it may come twice."""

import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

import grpc
import psycopg2

from devkit.console import Failure
from devkit.process import wait_until
from devkit.stack import Arrangement, Stack
from kit.api import Client, Refused, request_id

from fault.announced import Sources, query
from fault.trial.figures import Criterion
from fault.trial.supervisor import Trial

TITLE = ("one request_id: in sequence, in parallel, across crashes, a week later, with another "
         "body, of another tenant")
SECONDS = 60
CREATE = "lotura.accounts.v1.OrganizationService/CreateOrganization"
REPETITIONS = 20
PARALLEL = 50
CONNECTIONS = 10
WAIT_S = 30
OTHER_TENANT = "00000000-0000-4000-8000-0000000000b2"
BLOCKED = ("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
           "AND query LIKE '%organization%'")
TERMINATE = ("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
             "WHERE wait_event_type = 'Lock'")
# As if the request had come in the period before: what a service that runs for a week finds.
AGE = """UPDATE accounts.request SET create_time = create_time - interval '7 days',
  period = period - 7 WHERE request_id = '{}'"""


@dataclass
class Count:
    """Of one case, over all rounds."""

    rounds: int = 0
    wrong_rows: int = 0
    wrong_replies: int = 0


@dataclass
class Matrix:
    """The cases, on one installation with clients of two tenants."""

    stack: Stack
    clients: list[Client]
    stranger: Client
    counts: dict[str, Count] = field(default_factory=dict)
    serial: int = 0

    def request(self) -> dict:
        self.serial += 1
        return {"request_id": request_id(),
                "organization": {"display_name": f"matrix {self.serial}"}}

    def call(self, request: dict, client: Client | None = None) -> bytes:
        return (client or self.clients[0]).call(CREATE, **request).SerializeToString(
            deterministic=True)

    def rows(self, request: dict) -> int:
        """Records and journal entries of it; 2 if it was written once."""
        name, identity = request["organization"]["display_name"], request["request_id"]
        ((found,),) = query(Sources.of(self.stack), f"""SELECT
            (SELECT count(*) FROM accounts.organization WHERE display_name = '{name}')
            + (SELECT count(*) FROM accounts.journal WHERE request_id = '{identity}')""")
        return found

    def note(self, case: str, request: dict, replies: list[bytes], times: int = 1) -> None:
        count = self.counts.setdefault(case, Count())
        count.rounds += 1
        count.wrong_rows += self.rows(request) != 2 * times
        count.wrong_replies += len(set(replies)) != times


def sequential(matrix: Matrix) -> None:
    request = matrix.request()
    matrix.note("in sequence", request, [matrix.call(request) for _ in range(REPETITIONS)])


def parallel(matrix: Matrix) -> None:
    request = matrix.request()
    with ThreadPoolExecutor(PARALLEL) as pool:
        replies = list(pool.map(
            lambda number: matrix.call(request, matrix.clients[number % CONNECTIONS]),
            range(PARALLEL)))
    matrix.note("50 in parallel", request, replies)


def other_body(matrix: Matrix) -> None:
    request = matrix.request()
    replies = [matrix.call(request)]
    changed = request | {"organization": {"display_name": "another"}}
    try:
        matrix.call(changed)
        replies.append(b"not refused")
    except grpc.RpcError as error:
        if Refused(error).reason != "REQUEST_ID_REUSED":
            replies.append(b"refused for another reason")
    matrix.note("another body", request, replies)


def other_tenant(matrix: Matrix) -> None:
    request = matrix.request()
    replies = [matrix.call(request, client) for client in (matrix.clients[0], matrix.stranger) * 2]
    matrix.note("another tenant", request, replies, times=2)


def later(matrix: Matrix) -> None:
    request = matrix.request()
    replies = [matrix.call(request)]
    with psycopg2.connect(matrix.stack.postgres.conninfo()) as connection:
        cursor = connection.cursor()
        cursor.execute(AGE.format(request["request_id"]))
        if cursor.rowcount < 1:
            raise Failure("the request to be aged is not there.")
    connection.close()
    matrix.note("a period later", request, [*replies, matrix.call(request)])


def crash_before_commit(matrix: Matrix) -> None:
    request = matrix.request()
    with held_up(matrix, request) as release:
        matrix.stack.member("accounts").kill()
        query(Sources.of(matrix.stack), TERMINATE)
        release()
    restart(matrix)
    if matrix.rows(request) != 0:
        raise Failure("what was ended before its commit was committed.")
    matrix.note("after a crash before the commit", request,
                [matrix.call(request), matrix.call(request)])


def crash_before_reply(matrix: Matrix) -> None:
    request = matrix.request()
    accounts = matrix.stack.member("accounts")
    with held_up(matrix, request) as release:
        accounts.record().send(signal.SIGSTOP)
        release()
        if not wait_until(lambda: matrix.rows(request) == 2, WAIT_S):
            raise Failure("the write that was held up was never committed.")
        accounts.kill()
    restart(matrix)
    matrix.note("after a crash before the reply", request,
                [matrix.call(request), matrix.call(request)])


@contextmanager
def held_up(matrix: Matrix, request: dict):
    """The request has been sent and waits for a lock; the block gets what releases it."""
    connection = psycopg2.connect(matrix.stack.postgres.conninfo())
    connection.cursor().execute("LOCK TABLE accounts.organization IN EXCLUSIVE MODE")
    caller = threading.Thread(target=_call_in_vain, args=(matrix, request))
    caller.start()
    try:
        if not wait_until(lambda: query(Sources.of(matrix.stack), BLOCKED)[0][0] > 0, WAIT_S):
            raise Failure("the write never waited for the lock.")
        yield connection.rollback
    finally:
        connection.close()
        caller.join(WAIT_S)


def _call_in_vain(matrix: Matrix, request: dict) -> None:
    try:
        matrix.call(request)
    except grpc.RpcError:
        pass  # Its service is killed.


def restart(matrix: Matrix) -> None:
    accounts = matrix.stack.member("accounts")
    accounts.start()
    accounts.wait_ready()
    for client in (*matrix.clients, matrix.stranger):
        client.await_connection()


CASES: tuple[Callable[[Matrix], None], ...] = (
    sequential, parallel, other_body, other_tenant, later, crash_before_commit, crash_before_reply)


def run(trial: Trial) -> list[Criterion]:
    chance = trial.chance("matrix")
    with trial.stack() as stack:
        stack.start_backends()
        stack.start_services(Arrangement.SEPARATE)
        clients = [Client(stack.grpc("accounts"), stack.issuer.mint()) for _ in range(CONNECTIONS)]
        stranger = Client(stack.grpc("accounts"), stack.issuer.mint(tenant=OTHER_TENANT))
        matrix = Matrix(stack, clients, stranger)
        end = time.monotonic() + trial.seconds
        while time.monotonic() < end:
            for case in chance.sample(CASES, len(CASES)):
                case(matrix)
        for client in (*clients, stranger):
            client.close()
    criteria = []
    for case, count in sorted(matrix.counts.items()):
        trial.figures[f"{case}: rounds"] = count.rounds
        criteria += [Criterion(f"{case}: other than one effect", count.wrong_rows, "==", 0),
                     Criterion(f"{case}: replies that differ", count.wrong_replies, "==", 0)]
    return criteria
