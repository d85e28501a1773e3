"""R5: Kafka is down while callers write."""

import re
import time
from dataclasses import dataclass
from pathlib import Path

from devkit.console import Failure
from devkit.process import wait_until

from fault.announced import UNPUBLISHED, Sources, query
from fault.trial.figures import Criterion
from fault.trial.history import CREATE, UPDATE
from fault.trial.supervisor import Supervisor, Trial, run_under

TITLE = "Kafka is stopped for half of the time under writes, and comes back"
SECONDS = 120
RATE = 200.0
BEFORE, DOWN = 0.25, 0.5  # Parts of the time.
P99_RISE = 1.2
DRAIN_RATIO = 10.0
RSS_MIB = 256.0
DRAIN_S = 180
BACKLOG = UNPUBLISHED.format("accounts")


@dataclass
class BrokerDown:
    """Stops Kafka, measures what waits, and how fast it goes when Kafka is back."""

    backlog: int = 0
    drained_per_s: float = 0.0
    rss_mib: float = 0.0

    def __call__(self, supervisor: Supervisor) -> None:
        stack = supervisor.stack
        supervisor.phase("before")
        supervisor.last(BEFORE)
        supervisor.phase("down")
        stack.kafka.stop()
        supervisor.last(DOWN)
        supervisor.phase("back")
        stack.kafka.start()
        stack.kafka.wait_ready()
        sources = Sources.of(stack)
        if not wait_until(lambda: self._has_begun(sources), DRAIN_S):
            raise Failure("the relay did not publish again.")
        begin = time.monotonic()
        if not wait_until(lambda: query(sources, BACKLOG)[0][0] < self.backlog / 20, DRAIN_S):
            raise Failure("what had waited was not published.")
        self.drained_per_s = self.backlog * 0.95 / (time.monotonic() - begin)
        self.rss_mib = peak_rss_mib(stack.member("accounts").pid)

    def _has_begun(self, sources: Sources) -> bool:
        """Keeps the highest count that was seen; true when it falls."""
        now = query(sources, BACKLOG)[0][0]
        self.backlog = max(self.backlog, now)
        return now < self.backlog


def peak_rss_mib(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(re.search(r"VmHWM:\s+(\d+) kB", status).group(1)) / 1024


def run(trial: Trial) -> list[Criterion]:
    rate = trial.rate_or(RATE)
    nemesis = BrokerDown()
    with trial.stack() as stack:
        report = run_under(trial, stack, {CREATE: rate * 0.9, UPDATE: rate * 0.1}, nemesis)
    trial.figures |= {"backlog": nemesis.backlog, "drained_per_s": nemesis.drained_per_s}
    before, down = report.phases["before"], report.phases["down"]
    return [*report.safety(),
            Criterion("failed writes", report.figures["failed"], "==", 0),
            Criterion("p99 of writes without Kafka / before",
                      down["write_p99_ms"] / before["write_p99_ms"], "<=", P99_RISE),
            Criterion("published a second afterwards / written a second",
                      nemesis.drained_per_s / rate, ">=", DRAIN_RATIO),
            Criterion("MiB of memory of the service at most", nemesis.rss_mib, "<=", RSS_MIB)]
