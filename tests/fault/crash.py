"""Where services crashed, by what they left in their logs."""

import re
from itertools import pairwise

FRAME = re.compile(r'"message":"crash","trace":"([^"]*)"')
SIGNAL = "signal "
# A fault that shows there comes from whoever called them.
CALLED = ("libc.", "libjemalloc.", "libstdc++.")


def places_of_crashes(told: str) -> list[str]:
    """Of each crash that was told of the library and place where it began, or nothing."""
    frames = FRAME.findall(told)
    signals = [i for i, frame in enumerate(frames) if frame.startswith(SIGNAL)]
    # The first frame of each is the report's own.
    return [next((frame for frame in frames[begin + 2:end] if not frame.startswith(CALLED)), "")
            for begin, end in pairwise([*signals, len(frames)])]


class Crashes:
    """Tells services apart that librdkafka ended: 2.0.2 does so on some wrong lengths, by an
    assertion or by a fault."""

    def __init__(self):
        self._judged: dict[str, int] = {}

    def is_of_librdkafka(self, service) -> bool:
        """Of a service that ended. Each end is judged by a report of its own, in their order: another
        may have come before anybody looked."""
        logs = (service.log.with_suffix(".log.1"), service.log)
        places = places_of_crashes("".join(log.read_text() for log in logs if log.exists()))
        number = self._judged.get(service.name, 0)
        self._judged[service.name] = number + 1
        return number < len(places) and places[number].startswith("librdkafka")
