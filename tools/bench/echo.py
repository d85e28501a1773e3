"""What gRPC alone costs: a bare echo that answers with a number of bytes."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from bench.network import free_address
from bench.programs import Span, run_load, server


@contextmanager
def echo_of(answer_bytes: int, span: Span, in_flight: int) -> Iterator[Callable[[], float]]:
    """Yields one side of a pair: echoes a second, on all cores like the rest of its benchmark."""
    address = free_address()
    with server(address, kind="bare", answer_bytes=answer_bytes):
        yield lambda: run_load(address, "nothing", span=span, in_flight=in_flight).check().ok_per_s
