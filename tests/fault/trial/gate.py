"""A gate between two servers: it lets bytes pass, late, slowly, wrong, or not at all."""

import asyncio
import random
import socket
import threading
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

CHUNK = 65536
WAIT_S = 10
# What is smaller holds no value that anybody could believe.
CORRUPT_MIN = 64
Behavior = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]


async def let_pass(chunk: bytes, to: asyncio.StreamWriter) -> None:
    to.write(chunk)
    await to.drain()


async def swallow(chunk: bytes, to: asyncio.StreamWriter) -> None:
    """Half-open: connections stay, and nothing arrives."""


def delay(seconds: float) -> Behavior:
    async def late(chunk: bytes, to: asyncio.StreamWriter) -> None:
        await asyncio.sleep(seconds)
        await let_pass(chunk, to)

    return late


async def trickle(chunk: bytes, to: asyncio.StreamWriter) -> None:
    """A byte each millisecond."""
    for byte in chunk:
        await let_pass(bytes((byte,)), to)
        await asyncio.sleep(0.001)


async def reset(chunk: bytes, to: asyncio.StreamWriter) -> None:
    """Breaks the connection in the middle of what is said."""
    to.write(chunk[:len(chunk) // 2])
    to.transport.abort()


def corrupt(chance: random.Random) -> Behavior:
    """Flips one bit in each larger chunk."""

    async def flip(chunk: bytes, to: asyncio.StreamWriter) -> None:
        wrong = bytearray(chunk)
        if len(wrong) >= CORRUPT_MIN:
            at = chance.randrange(len(wrong) // 2, len(wrong))
            wrong[at] ^= 1 << chance.randrange(8)
        await let_pass(bytes(wrong), to)

    return flip


class FlipOnce:
    """Flips one bit of what each connection says in one direction, at a place that chance decides:
    in its first words, in the rest of its beginning, where a handshake is, or later.

    `flipped` counts by the part in which the bit was.
    """

    PARTS = (("first words", 0, 64), ("beginning", 64, 1500), ("later", 1500, 12_000))

    def __init__(self, chance: random.Random):
        self._chance = chance
        # How far the next flip of a connection is; None after it.
        self._left: WeakKeyDictionary[asyncio.StreamWriter, tuple[str, int] | None] = (
            WeakKeyDictionary())
        self.flipped: Counter = Counter()

    def _chosen(self) -> tuple[str, int]:
        # Whoever is cut off in the handshake says nothing later: half of the connections get there.
        name, least, most = self._chance.choices(self.PARTS, weights=(1, 1, 2))[0]
        return name, self._chance.randrange(least, most)

    async def __call__(self, chunk: bytes, to: asyncio.StreamWriter) -> None:
        if to not in self._left:
            self._left[to] = self._chosen()
        if (place := self._left[to]) is not None:
            part, left = place
            self._left[to] = (part, left - len(chunk))
            if left < len(chunk):
                wrong = bytearray(chunk)
                wrong[left] ^= 1 << self._chance.randrange(8)
                chunk = bytes(wrong)
                self.flipped[part] += 1
                self._left[to] = None
        await let_pass(chunk, to)


@dataclass
class Gate:
    """Listens on loopback and connects each caller to `upstream`; used as a context.

    Its threads end with the block. `behavior`, for what is answered, and `asking`, for what is
    asked, may be changed at any time, from any thread, and count for the next bytes; `break_all`
    ends the connections that there are.
    """

    upstream: str | tuple[str, int]  # A socket's path, or a host and a port.
    behavior: Behavior = let_pass
    asking: Behavior = let_pass
    port: int = 0
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    _open: set[asyncio.StreamWriter] = field(default_factory=set)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def __enter__(self) -> "Gate":
        listener = socket.create_server(("127.0.0.1", self.port))
        self.port = listener.getsockname()[1]
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(
            asyncio.start_server(self._serve, sock=listener), self._loop).result(WAIT_S)
        return self

    def __exit__(self, *_) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(WAIT_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(WAIT_S)
        self._loop.close()

    async def _close(self) -> None:
        self._server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def heal(self) -> None:
        """What was held back or broken is not continued: callers connect anew."""
        self.behavior = self.asking = let_pass
        self.break_all()

    def break_all(self) -> None:
        self._loop.call_soon_threadsafe(self._abort)

    def _abort(self) -> None:
        for writer in list(self._open):
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if isinstance(self.upstream, str):
                far_reader, far_writer = await asyncio.open_unix_connection(self.upstream)
            else:
                far_reader, far_writer = await asyncio.open_connection(*self.upstream)
        except OSError:
            writer.transport.abort()
            return
        self._open |= {writer, far_writer}
        pumps = [asyncio.ensure_future(self._pump(reader, far_writer, is_answer=False)),
                 asyncio.ensure_future(self._pump(far_reader, writer, is_answer=True))]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            for end in (writer, far_writer):
                self._open.discard(end)
                end.transport.abort()
            # Connections are closed in the next turn of the loop.
            await asyncio.sleep(0)

    async def _pump(self, reader: asyncio.StreamReader, to: asyncio.StreamWriter, *,
                    is_answer: bool) -> None:
        try:
            while chunk := await reader.read(CHUNK):
                await (self.behavior if is_answer else self.asking)(chunk, to)
        except OSError:
            pass
