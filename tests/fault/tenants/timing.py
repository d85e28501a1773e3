"""Whether it takes another time to say of another's record that it is not there than of nobody's."""

import math
import random
import time
from dataclasses import dataclass

from fault.leaks.replies import Door
from fault.tenants.questions import absent
from fault.tenants.settlement import Tenant
from kit.api import message_class

GET = "lotura.accounts.v1.OrganizationService/GetOrganization"
REQUEST = "lotura.accounts.v1.GetOrganizationRequest"


@dataclass(frozen=True)
class Timing:
    """Seconds of the two classes of questions, asked in turn."""

    foreign: list[float]
    nobody: list[float]

    @property
    def superiority(self) -> float:
        """The chance that the answer about another's record takes longer than one about nobody's:
        Mann and Whitney's U, divided by the number of pairs. 0.5 if nothing can be told."""
        ranked = sorted([(one, True) for one in self.foreign] + [(one, False) for one in self.nobody])
        ranks = sum(place for place, (_, is_foreign) in enumerate(ranked, 1) if is_foreign)
        n, m = len(self.foreign), len(self.nobody)
        return (ranks - n * (n + 1) / 2) / (n * m)

    @property
    def bound(self) -> float:
        """Four standard deviations of it, were both classes the same, and one hundredth."""
        n, m = len(self.foreign), len(self.nobody)
        return 4 * math.sqrt((n + m + 1) / (12 * n * m)) + 0.01

    def ratio(self, part: float) -> float:
        one, two = (sorted(times)[int(part * len(times))] for times in (self.foreign, self.nobody))
        return max(one, two) / min(one, two)


def measure(door: Door, tenant: Tenant, names: list[str], chance: random.Random) -> Timing:
    """Each name once, and one that is nobody's beside it; which comes first, chance decides."""
    foreign: list[float] = []
    nobody: list[float] = []
    for name in names:
        pair = [(name, foreign), (absent(name, chance), nobody)]
        chance.shuffle(pair)
        for asked, times in pair:
            request = message_class(REQUEST)(name=asked)
            begin = time.perf_counter()
            reply = door.ask("accounts", GET, request, tenant.token)
            if reply.code == "NOT_FOUND":
                times.append(time.perf_counter() - begin)
    return Timing(foreign, nobody)
