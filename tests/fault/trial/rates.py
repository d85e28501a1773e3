"""How callers fared over time: availability, latency, and how soon a rate came back."""

from bisect import bisect_left
from collections.abc import Iterable

from fault.trial.history import OK, Operation

TRIES_MAX = 4  # A call and three repetitions.
PROMPT_S = 1.0
WINDOW_S = 1.0
STEP_S = 0.1
RECOVERED = 0.95
SEARCH_S = 60.0


def availability(operations: list[Operation]) -> float:
    """The part of all operations that succeeded with at most three repetitions."""
    good = sum(operation.outcome == OK and operation.tries <= TRIES_MAX
               for operation in operations)
    return good / max(1, len(operations))


def percentile(operations: Iterable[Operation], part: float) -> float:
    """Seconds from when an operation should have begun to its success; 0 without any."""
    found = sorted(operation.seconds for operation in operations if operation.outcome == OK)
    return found[min(len(found) - 1, int(part * len(found)))] if found else 0.0


class Rate:
    """Operations that succeeded promptly, by when they should have begun."""

    def __init__(self, operations: Iterable[Operation]):
        self._prompt = sorted(operation.begin for operation in operations
                              if operation.outcome == OK and operation.seconds <= PROMPT_S)

    def within(self, begin: float, seconds: float = WINDOW_S) -> float:
        """A second, of those that should have begun in the window."""
        return (bisect_left(self._prompt, begin + seconds)
                - bisect_left(self._prompt, begin)) / seconds

    def recovery(self, fault: float, end: float, since: float | None = None) -> float | None:
        """Seconds to the first window with 95 % of the rate before the fault.

        They count from the fault, or from `since`, when it was healed. None if the load ended
        before that could be seen, or there was no load before.
        """
        begin = fault if since is None else since
        before = self.within(fault - WINDOW_S)
        if before == 0:
            return None
        steps = int(min(SEARCH_S, end - begin - WINDOW_S) / STEP_S)
        for step in range(steps + 1):
            if self.within(begin + step * STEP_S) >= RECOVERED * before:
                return step * STEP_S
        return None if end - begin - WINDOW_S < SEARCH_S / 6 else SEARCH_S
