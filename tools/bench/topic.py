"""What a topic of events says of itself."""

import re

from devkit.stack import Stack

from bench.programs import output_of

ALTER_S = 60
READ_S = 120
LINE = re.compile(r"^(\d+) (?:|.*?,)ce_id=([^,\s]+)", re.MULTILINE)


def date_by_broker(stack: Stack, topic: str) -> None:
    """From now on the broker writes when it has a record, instead of when that was sent."""
    command = stack.kafka.java("kafka.admin.ConfigCommand", "--bootstrap-server",
                               stack.kafka.brokers, "--alter", "--entity-type", "topics",
                               "--entity-name", topic, "--add-config",
                               "message.timestamp.type=LogAppendTime")
    output_of(command, ALTER_S)


def dates_of_events(stack: Stack, topic: str, since: float) -> dict[str, float]:
    """When the broker had each event, by its id. Seconds since 1970, rounded up to milliseconds."""
    printed = output_of(["kcat", "-b", stack.kafka.brokers, "-C", "-t", topic, "-e", "-q",
                         "-o", f"s@{int(since * 1000)}", "-f", "%T %h\n"], READ_S)
    return {event: (int(date) + 1) / 1000 for date, event in LINE.findall(printed)}
