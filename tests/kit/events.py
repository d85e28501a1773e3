"""A subscriber to the events of a service, as a thread that reads and a test that looks."""

import queue
import threading

import grpc

from devkit.process import wait_until
from kit.api import Client, Refused

SUBSCRIBE = "lotura.events.v1.EventService/Subscribe"


class Subscriber:
    """One stream. Answers are kept in `events`, `records` and `heartbeats`; `token` is the last one."""

    def __init__(self, client: Client, credit: int = 1000, **subscription):
        self.events: list = []
        self.records: list = []
        self.heartbeats: list = []
        self.token = ""
        self.error: grpc.RpcError | None = None
        self._client = client
        self._requests: queue.Queue = queue.Queue()
        first = client.request(SUBSCRIBE)
        first.credit = credit
        for name, value in subscription.items():
            if isinstance(value, (list, tuple)):
                getattr(first.subscription, name).extend(value)
            elif name == "start":
                first.subscription.start = first.subscription.DESCRIPTOR.enum_types_by_name[
                    "Start"].values_by_name[f"START_{value}"].number
            else:
                setattr(first.subscription, name, value)
        first.subscription.SetInParent()
        self._requests.put(first)
        self._call = client.converse(SUBSCRIBE, iter(self._requests.get, None))
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        try:
            for answer in self._call:
                if answer.HasField("event"):
                    self.events.append(answer.event)
                elif answer.HasField("record"):
                    self.records.append(answer.record)
                else:
                    self.heartbeats.append(answer.heartbeat)
                self.token = answer.resume_token
        except grpc.RpcError as error:
            self.error = error

    def grant(self, credit: int) -> None:
        self._requests.put(self._client.request(SUBSCRIBE, {"credit": credit}))

    def send(self, message) -> None:
        self._requests.put(message)

    def wait(self, condition, seconds: float = 30) -> bool:
        """Whether `condition(self)` came true before the time was over or the stream ended."""
        wait_until(lambda: condition(self) or not self._thread.is_alive(), seconds)
        return bool(condition(self))

    def wait_open(self, seconds: float = 30) -> "Subscriber":
        assert self.wait(lambda one: one.heartbeats, seconds), self.refusal()
        return self

    def refusal(self, seconds: float = 30) -> Refused | None:
        """How the stream ended, once it has."""
        self._thread.join(seconds)
        return Refused(self.error) if self.error is not None else None

    def close(self) -> None:
        self._requests.put(None)
        self._call.cancel()
        self._thread.join(10)

    def __enter__(self) -> "Subscriber":
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def versions(self) -> dict[str, list[int]]:
        """The versions of each record in the order in which they came."""
        found: dict[str, list[int]] = {}
        for event in list(self.events):
            found.setdefault(event.subject, []).append(event.change.version)
        return found
