"""One server of a stack: how it is started, watched, stopped and killed."""

import hashlib
import json
import os
import signal
import socket
import time
import urllib.error
import urllib.request
from pathlib import Path

from devkit.console import Failure, say, tail
from devkit.places import Place
from devkit.ports import Ports, is_free
from devkit.process import ProcessRecord, children_of, spawn, start_ticks, wait_until

# Loopback is never asked for through a proxy.
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
LOG_BYTES_KEPT = 32 * 1024 * 1024


class Member:
    """A named process of a stack. Not thread-safe for one member; members are independent.

    A subclass says what to run (`command`), what it needs before (`prepare`), and when it serves
    (`is_ready`). Everything is safe to repeat: starting what runs and stopping what does not run
    changes nothing. What runs with other settings, or as an older program, is started anew.
    """

    name = ""
    stop_signal = signal.SIGTERM
    stop_seconds = 30.0
    ready_seconds = 60.0
    port_names: tuple[str, ...] = ()

    def __init__(self, place: Place, ports: Ports):
        self.place = place
        self.ports = ports

    def command(self) -> list[str]:
        raise NotImplementedError

    def environment(self) -> dict[str, str]:
        return {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LANG": "C.UTF-8"}

    def settings(self) -> str:
        """Whatever else makes a running process outdated when it changes."""
        return ""

    def prepare(self) -> None:
        """Makes files that the process needs; may run in another thread than `start`."""

    def is_ready(self) -> bool:
        raise NotImplementedError

    @property
    def log(self) -> Path:
        return self.place.log / f"{self.name}.log"

    @property
    def _record_path(self) -> Path:
        return self.place.run / f"{self.name}.json"

    def record(self) -> ProcessRecord | None:
        return ProcessRecord.read(self._record_path)

    @property
    def pid(self) -> int | None:
        record = self.record()
        return record.pid if record is not None and record.is_alive() else None

    def is_running(self) -> bool:
        return self.pid is not None

    def has_ended(self) -> bool:
        """Whether it was started and is gone though nobody stopped or killed it through this class."""
        record = self.record()
        return record is not None and not record.is_alive()

    def is_current(self) -> bool:
        """Whether it runs, and just as it would be started now."""
        record = self.record()
        return (record is not None and record.is_alive()
                and record.fingerprint == self._fingerprint())

    def _fingerprint(self) -> str:
        # Only our own variables count: another shell's PATH is no reason to restart anything.
        variables = {name: value for name, value in sorted(self.environment().items())
                     if name.startswith("LOTURA_")}
        parts = [self.command(), variables, self.settings()]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    def take_free_ports(self) -> None:
        """Chooses another port where somebody else has taken the remembered one."""
        for name in self.port_names:
            port = self.ports[name]
            if not is_free(port):
                say(f"    port {port} is taken; {name} moves to {self.ports.choose(name)}")

    def start(self) -> None:
        """Starts the process if it is not running as it should; does not wait for readiness."""
        if self.is_current():
            return
        self.stop()
        self._limit_log()
        record = spawn(self.command(), environment=self.environment(), log=self.log,
                       fingerprint=self._fingerprint())
        record.write(self._record_path)

    def _limit_log(self) -> None:
        if self.log.exists() and self.log.stat().st_size > LOG_BYTES_KEPT:
            self.log.replace(self.log.with_suffix(".log.1"))

    def wait_ready(self, seconds: float | None = None) -> None:
        """Waits until it serves; Failure with the end of its log if it ends or takes too long."""
        bound = self.ready_seconds if seconds is None else seconds
        wait_until(lambda: not self.is_running() or self.is_ready(), bound)
        if not self.is_running():
            raise Failure(f"{self.name} ended while starting. The end of {self.log}:\n"
                          f"{tail(self.log)}")
        if not self.is_ready():
            raise Failure(f"{self.name} is not ready after {bound:.0f} s. The end of {self.log}:\n"
                          f"{tail(self.log)}")

    def stop(self) -> int | None:
        """Asks the process to end and waits a bounded time; then kills it and says so.

        Returns its exit code if it was started by this very process, otherwise None.
        """
        record = self.record()
        if record is None:
            return None
        record.send(self.stop_signal)
        if not wait_until(lambda: not record.is_alive(), self.stop_seconds):
            say(f"    {self.name} did not stop within {self.stop_seconds:.0f} s and is killed")
            self.kill()
        self._record_path.unlink(missing_ok=True)
        return record.take_exit_code()

    def kill(self) -> None:
        """kill -9, and waits until the process and its own children are gone."""
        record = self.record()
        if record is None:
            return
        children = children_of(record.pid) if record.is_alive() else {}
        record.send(signal.SIGKILL)
        gone = wait_until(lambda: not record.is_alive() and not _any_alive(children), 30)
        if not gone:
            raise Failure(f"{self.name} (process {record.pid}) does not end, not even killed.")
        self._record_path.unlink(missing_ok=True)

    def restart(self) -> None:
        """Stops, starts and waits until it serves again."""
        self.stop()
        self.start()
        self.wait_ready()


def _any_alive(processes: dict[int, int]) -> bool:
    return any(start_ticks(pid) == start for pid, start in processes.items())


def http_ok(url: str) -> bool:
    """Whether a GET answers 200 within a second."""
    try:
        with DIRECT.open(url, timeout=1) as answer:
            return answer.status == 200
    except (OSError, urllib.error.URLError, ValueError):
        return False


def exchange(address: str | tuple[str, int], question: bytes, answer_bytes: int) -> bytes:
    """Sends a few bytes to a socket and returns the first bytes of the answer, empty on failure."""
    family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
    deadline = time.monotonic() + 2
    answer = b""
    try:
        with socket.socket(family) as connection:
            connection.settimeout(1)
            connection.connect(address)
            connection.sendall(question)
            while len(answer) < answer_bytes and time.monotonic() < deadline:
                chunk = connection.recv(answer_bytes - len(answer))
                if not chunk:
                    break
                answer += chunk
    except OSError:
        pass
    return answer
