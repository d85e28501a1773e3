"""Where services crashed, by what they left in their logs."""

import re

FRAME = re.compile(r'"message":"crash","trace":"([^"]*)"')
SIGNAL = "signal "
# A fault that shows there comes from whoever called them.
CALLED = ("libc.", "libjemalloc.", "libstdc++.")


def place_of_crash(told: str) -> str:
    """The library and place where the last crash began, or nothing if none was told of."""
    frames = FRAME.findall(told)
    signals = [i for i, frame in enumerate(frames) if frame.startswith(SIGNAL)]
    if not signals:
        return ""
    # The first one is the report's own.
    for frame in frames[signals[-1] + 2:]:
        if not frame.startswith(CALLED):
            return frame
    return ""


class Crashes:
    """Tells services apart that librdkafka ended: 2.0.2 does so on some wrong lengths, by an
    assertion or by a fault."""

    def __init__(self):
        self._read: dict[str, int] = {}

    def is_of_librdkafka(self, service) -> bool:
        """Of a service that has just ended. What it told of ends before that does not count."""
        told = service.log.read_text()
        new = told[self._read.get(service.name, 0):]
        self._read[service.name] = len(told)
        return place_of_crash(new).startswith("librdkafka")
