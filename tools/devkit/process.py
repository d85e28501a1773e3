"""Processes that outlive the call that started them, known by pid and start time."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from devkit.console import Failure

POLL_S = 0.02
_exit_codes: dict[int, int] = {}  # Of our own children that ended, until somebody asks.


def wait_until(predicate: Callable[[], bool], seconds: float, pause_s: float = POLL_S) -> bool:
    """Polls until the predicate holds; false when it does not within the time."""
    deadline = time.monotonic() + seconds
    while not predicate():
        if time.monotonic() >= deadline:
            return False
        time.sleep(pause_s)
    return True


def _stat(pid: int) -> list[str]:
    """The fields of /proc/<pid>/stat after the command's name; empty if the process is gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return text.rpartition(")")[2].split()


def start_ticks(pid: int) -> int | None:
    """When the process started, in ticks since boot; None for a process that ended."""
    fields = _stat(pid)
    return int(fields[19]) if fields and not _has_ended(pid, fields[0]) else None


def _has_ended(pid: int, state: str) -> bool:
    """A process whose first thread has ended holds its ports until the last one has."""
    try:
        return state == "X" or (state == "Z" and len(os.listdir(f"/proc/{pid}/task")) <= 1)
    except FileNotFoundError:
        return True


def children_of(pid: int) -> dict[int, int]:
    """Direct children and their start times."""
    found = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            fields = _stat(int(entry))
            if fields and int(fields[1]) == pid and not _has_ended(int(entry), fields[0]):
                found[int(entry)] = int(fields[19])
    return found


def boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


@dataclass(frozen=True)
class ProcessRecord:
    """Names one process for good: a pid alone may be given to another one later."""

    pid: int
    start: int
    boot: str
    fingerprint: str  # Of what was started: program, arguments, settings.

    @staticmethod
    def read(path: Path) -> "ProcessRecord | None":
        try:
            return ProcessRecord(**json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def write(self, path: Path) -> None:
        fresh = path.with_suffix(".new")
        fresh.write_text(json.dumps(asdict(self)), encoding="utf-8")
        fresh.replace(path)

    def is_alive(self) -> bool:
        """Whether exactly this process still runs."""
        _reap(self.pid)
        return self.boot == boot_id() and start_ticks(self.pid) == self.start

    def send(self, number: signal.Signals) -> None:
        """Signals the process if it still is the recorded one."""
        if self.is_alive():
            try:
                os.kill(self.pid, number)
            except ProcessLookupError:
                pass
            except PermissionError:
                raise Failure(f"process {self.pid} belongs to another user, who has to stop "
                              "it.") from None

    def take_exit_code(self) -> int | None:
        """How it ended (negative: by that signal), once, and only if it was our own child."""
        _reap(self.pid)
        return _exit_codes.pop(self.pid, None)


def _reap(pid: int) -> None:
    """Collects the exit status if the process is our child, so that it does not stay a zombie."""
    try:
        ended, status = os.waitpid(pid, os.WNOHANG)
    except OSError:
        return
    if ended == pid:
        _exit_codes[pid] = os.waitstatus_to_exitcode(status)


def spawn(command: list[str], *, environment: dict[str, str], log: Path,
          fingerprint: str) -> ProcessRecord:
    """Starts a program in a session of its own, so that Ctrl-C and our end do not reach it."""
    with log.open("ab") as sink:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=sink,
                                 stderr=subprocess.STDOUT, env=environment, cwd="/",
                                 start_new_session=True)
    start = start_ticks(child.pid)
    # The record speaks for the process from here on; Popen must not wait for it a second time.
    child.returncode = 0
    return ProcessRecord(child.pid, start if start is not None else -1, boot_id(), fingerprint)
