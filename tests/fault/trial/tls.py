"""TLS: bits flip on the encrypted links from callers and to PostgreSQL, and no datum is wrong."""

from contextlib import ExitStack
from dataclasses import dataclass, field

from devkit.certificates import Authority
from devkit.stack import Arrangement, Stack

from fault.trial.figures import Criterion
from fault.trial.gate import FlipOnce, Gate
from fault.trial.history import CREATE, LIST, PROBE, READ, UPDATE
from fault.trial.r20 import HELD_S, RECOVERY_S, held_beyond
from fault.trial.supervisor import Supervisor, Trial, run_under
from fault.trial.workload import Plan

TITLE = ("one bit of each connection from callers to accounts and from services to PostgreSQL flips, "
         "in both directions, in the handshake and after it, under TLS; and the same without TLS, "
         "where it must be found")
SECONDS = 120
RATE = 60.0
LINKS = ("grpc", "postgres")
DIRECTIONS = ("asked", "answered")
FAULT_S = 7.0
BREAK_S = 1.0
PAUSE_S = 6.5
WARM_UP_S = 4.0
SLACK_S = 0.05  # Beyond the callers' deadline.
MUTANT_S = 25.0
# Long enough that what flips is often a part of it.
TEXT_BYTES = 120
ALTERED = ("altered", "invented", "unexpected", "lost", "duplicates")


@dataclass
class Flipping:
    """The links in turn flip a bit of each connection for a while, which are then all broken."""

    gates: dict[str, Gate]
    flips: dict[tuple[str, str], FlipOnce] = field(default_factory=dict)
    done: int = 0

    def __call__(self, supervisor: Supervisor) -> None:
        for link in LINKS:
            for direction in DIRECTIONS:
                self.flips[link, direction] = FlipOnce(
                    supervisor.trial.chance(f"bits {link} {direction}"))
        goes_on = supervisor.rest(WARM_UP_S)
        left = supervisor.trial.seconds - WARM_UP_S
        while goes_on and left >= FAULT_S + PAUSE_S:
            self._flip(supervisor, LINKS[self.done % len(LINKS)])
            left -= FAULT_S + PAUSE_S
            goes_on = supervisor.rest(PAUSE_S)

    def _flip(self, supervisor: Supervisor, link: str) -> None:
        gate = self.gates[link]
        target = f"{link} {self.done // len(LINKS) + 1}"
        supervisor.faults.note("fault", target)
        gate.asking, gate.behavior = (self.flips[link, one] for one in DIRECTIONS)
        for _ in range(int(FAULT_S / BREAK_S)):
            # So that there are handshakes, and connections whose bit has not flipped yet.
            gate.break_all()
            supervisor.rest(BREAK_S)
        gate.heal()
        supervisor.faults.note("healed", target)
        self.done += 1

    def parts(self) -> dict[str, int]:
        """How many bits flipped, by link, direction and part of the connection."""
        return {f"bits flipped, {link}, {direction}, {part}": flips.flipped[part]
                for (link, direction), flips in self.flips.items() for part, _, _ in FlipOnce.PARTS}


def encrypt(trial: Trial, stack: Stack) -> None:
    """Gives the services and PostgreSQL certificates, and callers who signs them."""
    authority = Authority(stack.place.secrets)
    stack.postgres.certificate = authority.issue("postgres")
    issued = authority.issue("services")
    stack.variables |= {"LOTURA_GRPC_CERTIFICATE_FILE": str(issued.certificate),
                        "LOTURA_GRPC_KEY_FILE": str(issued.key)}
    trial.load["authorities"] = str(authority.file)


def gates_of(trial: Trial, stack: Stack, opened: ExitStack) -> dict[str, Gate]:
    """The gates, and everybody is told to go through them."""
    encrypted = "authorities" in trial.load
    upstream = (("127.0.0.1", stack.ports["postgres"]) if encrypted
                else f"{stack.place.sockets}/.s.PGSQL.{stack.postgres.port}")
    gates = {"postgres": opened.enter_context(Gate(upstream)),
             "grpc": opened.enter_context(Gate(("127.0.0.1", stack.ports["accounts-grpc"])))}
    security = (f"sslmode=verify-full sslrootcert={trial.load['authorities']}" if encrypted
                else "sslmode=disable")
    stack.variables["LOTURA_POSTGRES"] = (
        f"host=127.0.0.1 port={gates['postgres'].port} dbname=lotura user=lotura "
        f"gssencmode=disable {security}")
    trial.addresses["accounts"] = gates["grpc"].address
    return gates


def rates(trial: Trial) -> dict[str, float]:
    rate = trial.rate_or(RATE)
    return {CREATE: rate / 2, UPDATE: rate / 2, READ: rate, LIST: rate / 2, PROBE: 8.0}


def under_tls(trial: Trial) -> list[Criterion]:
    trial.load["text_bytes"] = TEXT_BYTES
    with trial.stack() as stack, ExitStack() as opened:
        encrypt(trial, stack)
        nemesis = Flipping(gates_of(trial, stack, opened))
        report = run_under(trial, stack, rates(trial), nemesis)
        held = held_beyond(stack, HELD_S)
    parts = nemesis.parts()
    trial.figures |= parts
    trial.figures |= {f"calls that ended with {error}": count
                      for error, count in sorted(report.errors.items())}
    return [*report.safety(),
            Criterion("acknowledged writes", report.figures["acknowledged"], ">",
                      10 * trial.seconds),
            Criterion("links, directions and parts of which bits flipped",
                      sum(count > 0 for count in parts.values()), "==", len(parts)),
            Criterion("calls that failed without a type", report.figures["untyped"], "==", 0),
            Criterion("s that the longest failed call took", report.figures["call_max_s"], "<=",
                      Plan.call_s + SLACK_S),
            Criterion(f"calls that accounts took more than {HELD_S:g} s for", held, "==", 0),
            Criterion("faults whose recovery was seen", len(report.heal_s), "==", nemesis.done),
            *(Criterion(f"{fault}: s from healing to 95 % of the rate", seconds, "<=", RECOVERY_S)
              for fault, seconds in sorted(report.heal_s.items()))]


def in_plain_text(trial: Trial) -> list[Criterion]:
    """What the checker finds where nothing protects the bytes."""
    trial.load["text_bytes"] = TEXT_BYTES
    with trial.stack() as stack, ExitStack() as opened:
        nemesis = Flipping(gates_of(trial, stack, opened))
        stack.start_backends(Arrangement.SEPARATE)
        stack.start_services(Arrangement.SEPARATE)
        supervisor = Supervisor(trial, stack)
        supervisor.start(rates(trial))
        try:
            nemesis(supervisor)
            supervisor.await_load()
        finally:
            supervisor.stop()
        # Without a wait for relay and consumers, who may have been told nonsense.
        report = supervisor.check()
    found = sum(report.figures[kind] for kind in ALTERED)
    return [Criterion("wrong data found without TLS", found, ">", 0)]


def run(trial: Trial) -> list[Criterion]:
    criteria = under_tls(trial)
    mutant = trial.part("plain", MUTANT_S / trial.seconds)
    found = in_plain_text(mutant)
    trial.figures |= {f"without TLS: {kind}": mutant.figures[kind] for kind in ALTERED}
    return [*criteria, *found]
