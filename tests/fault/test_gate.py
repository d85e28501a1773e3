"""The gate does to bytes what it says."""

import random
import socket
import threading

import pytest

from fault.trial.gate import (FlipOnce, Gate, corrupt, delay, let_pass, reset, swallow,
                              trickle)

BOUND_S = 10
TEXT = b"x" * 200


@pytest.fixture
def echo():
    """A server that says what it hears."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    while heard := connection.recv(4096):
                        connection.sendall(heard)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(BOUND_S)


def ask(gate: Gate, seconds: float = BOUND_S) -> bytes:
    """What comes back of TEXT until all is there or the connection breaks."""
    heard = b""
    with socket.create_connection(("127.0.0.1", gate.port), timeout=seconds) as connection:
        connection.settimeout(seconds)
        connection.sendall(TEXT)
        try:
            while len(heard) < len(TEXT) and (chunk := connection.recv(4096)):
                heard += chunk
        except OSError:
            pass
    return heard


@pytest.mark.parametrize("behavior", [let_pass, delay(0.05), trickle])
def test_all_arrives_in_the_end(echo, behavior):
    with Gate(echo, behavior) as gate:
        assert ask(gate) == TEXT


def test_a_reset_breaks_off(echo):
    with Gate(echo, reset) as gate:
        assert len(ask(gate)) < len(TEXT)


def test_what_is_swallowed_does_not_arrive_until_it_is_healed(echo):
    with Gate(echo, swallow) as gate:
        assert ask(gate, seconds=0.3) == b""
        gate.heal()
        assert ask(gate) == TEXT


def test_a_corrupt_chunk_differs_in_one_bit(echo):
    with Gate(echo, corrupt(random.Random(7))) as gate:
        heard = ask(gate)

    assert len(heard) == len(TEXT)
    assert sum((a ^ b).bit_count() for a, b in zip(heard, TEXT, strict=True)) == 1


def test_without_its_server_a_caller_is_turned_away(echo):
    with Gate(("127.0.0.1", 1)) as gate:
        assert ask(gate) == b""


def wrong_bits(heard: bytes) -> int:
    return sum((a ^ b).bit_count() for a, b in zip(heard, TEXT * len(heard), strict=False))


@pytest.mark.parametrize("direction", ["asking", "behavior"])
def test_one_bit_of_each_connection_flips_in_the_direction_that_is_chosen(echo, direction):
    flips = FlipOnce(random.Random(7))
    with Gate(echo, **{direction: flips}) as gate:
        wrong = [wrong_bits(ask(gate)) for _ in range(20)]

    assert set(wrong) == {0, 1}
    assert sum(wrong) == flips.flipped.total()
    assert flips.flipped["first words"] > 0
