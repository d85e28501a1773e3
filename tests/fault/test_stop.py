"""SIGTERM during load: every accepted call is answered, streams end, the exit code is 0."""

import queue
import threading

import grpc
import pytest

from conftest import ANNOUNCE_MS
from devkit.process import wait_until
from fault.announced import Sources, query
from kit.api import Client, message_class
from load import NO_REASON, Load

WRITES = 200
# What the process may take: the announcement, calls in flight, and its own end.
BOUND_S = ANNOUNCE_MS / 1000 + 10 + 15
# Refused by the service, or by the system because nobody listens. gRPC 1.51 cancels, without
# details, what reaches it after it began to stop and before the client knows. No handler ever sees
# such a call, so it must not have had an effect either.
REFUSALS = {("UNAVAILABLE", "STOPPING"), ("UNAVAILABLE", NO_REASON), ("CANCELLED", NO_REASON)}
HEALTH = "grpc.health.v1.Health/Watch"
REFLECTION = "grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"


class OpenStream:
    """Reads a stream in a thread until it ends."""

    def __init__(self, answers):
        self.answers: list = []
        self.end: grpc.StatusCode | None = None
        self._thread = threading.Thread(target=self._read, args=(answers,))
        self._thread.start()
        assert wait_until(lambda: self.answers or self.end, BOUND_S)

    def _read(self, answers) -> None:
        try:
            for answer in answers:
                self.answers.append(answer)
            self.end = grpc.StatusCode.OK
        except grpc.RpcError as error:
            self.end = error.code()

    def join(self) -> None:
        self._thread.join(BOUND_S)


@pytest.fixture
def accounts(stack):
    yield stack.member("accounts")
    stack.member("accounts").start()
    stack.member("accounts").wait_ready()


@pytest.fixture
def client(stack, accounts):
    with Client(stack.grpc("accounts"), stack.issuer.mint()) as own:
        yield own


def test_every_accepted_call_is_answered_and_what_was_refused_did_not_happen(stack, accounts):
    with Load(stack.grpc("accounts"), stack.issuer.mint(), writers=16, readers=8) as load:
        load.await_writes(WRITES)
        exit_code = accounts.stop()
        # Those who call now are told by the system that nobody listens.
        told = len(load.tally.failures)
        assert wait_until(lambda: len(load.tally.failures) > told, BOUND_S)

    rows = "SELECT name, display_name::int FROM accounts.organization"
    stored = dict(query(Sources.of(stack), rows))
    assert exit_code == 0
    assert {tuple(failure.split()[:2]) for failure in load.tally.failures} <= REFUSALS
    assert stored == load.tally.revisions


def test_open_streams_are_told_and_do_not_keep_the_process(client, accounts):
    serving = message_class("grpc.health.v1.HealthCheckResponse").ServingStatus
    requests = queue.Queue()
    requests.put(client.request(REFLECTION, {"list_services": ""}))
    health = OpenStream(client.watch(HEALTH))
    reflection = OpenStream(client.converse(REFLECTION, iter(requests.get, None)))

    exit_code = accounts.stop()
    requests.put(None)
    health.join()
    reflection.join()

    assert exit_code == 0
    assert [answer.status for answer in health.answers] == [serving.Value("SERVING"),
                                                            serving.Value("NOT_SERVING")]
    assert (health.end, reflection.end) == (grpc.StatusCode.UNAVAILABLE,) * 2
