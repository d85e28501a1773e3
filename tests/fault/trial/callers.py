"""Callers who call again and again, and what became of their calls."""

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import grpc

from kit.api import Refused


@dataclass
class Callers:
    """Threads that call, with a pause behind each call, as long as the block is open.

    `call` may be called by several at once; grpc.RpcError is a call that failed.
    """

    call: Callable[[], object]
    threads: int = 1
    pause_s: float = 0.005
    answered: int = 0
    failed: Counter = field(default_factory=Counter)  # By reason, or by code where there is none.
    _broken: list[Exception] = field(default_factory=list)
    _ends: threading.Event = field(default_factory=threading.Event)
    _running: list[threading.Thread] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __enter__(self) -> "Callers":
        self._running = [threading.Thread(target=self._run) for _ in range(self.threads)]
        for thread in self._running:
            thread.start()
        return self

    def __exit__(self, kind, *_) -> None:
        """A bug of the call itself must not look like a silent caller."""
        self._ends.set()
        for thread in self._running:
            thread.join()
        if kind is None and self._broken:
            raise self._broken[0]

    def go_on(self, seconds: float) -> None:
        self._ends.wait(seconds)

    def told(self) -> str:
        """The failures for people: "READ_NOT_NOTED 3, UNAVAILABLE 7"."""
        return ", ".join(f"{reason} {count}" for reason, count in sorted(self.failed.items())) or "none"

    def _run(self) -> None:
        try:
            while not self._ends.wait(self.pause_s):
                self._call_once()
        except Exception as bug:
            self._broken.append(bug)

    def _call_once(self) -> None:
        try:
            self.call()
        except grpc.RpcError as error:
            refused = Refused(error)
            with self._lock:
                self.failed[refused.reason or refused.code.name] += 1
            return
        with self._lock:
            self.answered += 1
