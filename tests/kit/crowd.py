"""Many subscribers to the events of a service, on one thread."""

import asyncio
import functools
import threading

import grpc
import grpc.aio

from devkit.process import wait_until
from kit.api import OPTIONS, message_class
from kit.events import SUBSCRIBE

# A server takes 1,000 streams on a connection.
STREAMS_PER_CONNECTION = 400
PAUSE_S = 0.2
BOUND_S = 30


@functools.cache
def _loop() -> asyncio.AbstractEventLoop:
    """The library wants one loop for all its streams."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    return loop


class Crowd:
    """`count` streams with the same subscription. Those that end with UNAVAILABLE come again with
    their last token, as partners do. Counts what each of them got."""

    def __init__(self, address: str, token: str, count: int, *, credit: int = 10_000,
                 reads: bool = True, **subscription):
        self.versions: list[dict[str, list[int]]] = [{} for _ in range(count)]
        self.events = [0] * count
        self.tokens = [""] * count
        self.opened = 0
        self.broken = 0
        self.errors: list[str] = []
        self._address, self._credit, self._reads = address, credit, reads
        self._metadata = (("authorization", f"Bearer {token}"),)
        self._subscription = subscription
        self._stop = asyncio.Event()
        self._done = asyncio.run_coroutine_threadsafe(self._run(count), _loop())

    async def _run(self, count: int) -> None:
        channels = [grpc.aio.insecure_channel(self._address, options=OPTIONS)
                    for _ in range(count // STREAMS_PER_CONNECTION + 1)]
        tasks = [asyncio.create_task(self._follow(channels[one % len(channels)], one))
                 for one in range(count)]
        await self._stop.wait()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for channel in channels:
            await channel.close()

    async def _follow(self, channel, one: int) -> None:
        request = message_class("lotura.events.v1.SubscribeRequest")
        response = message_class("lotura.events.v1.SubscribeResponse")
        stub = channel.stream_stream(f"/{SUBSCRIBE}", request.SerializeToString,
                                     response.FromString)
        while True:
            call = stub(metadata=self._metadata)
            try:
                await call.write(self._first(request, one))
                await self._read(call, one)
            except grpc.aio.AioRpcError as error:
                if error.code() is not grpc.StatusCode.UNAVAILABLE:
                    self.errors.append(f"{error.code().name} {error.details()}")
                    return
                self.broken += 1
                await asyncio.sleep(PAUSE_S)
            finally:
                call.cancel()

    def _first(self, request, one: int):
        first = request(credit=self._credit, subscription=self._subscription)
        if self.tokens[one]:
            first.subscription.start = first.subscription.DESCRIPTOR.enum_types_by_name[
                "Start"].values_by_name["START_TOKEN"].number
            first.subscription.resume_token = self.tokens[one]
        return first

    async def _read(self, call, one: int) -> None:
        fresh = True
        while (answer := await call.read()) is not grpc.aio.EOF:
            self.opened += fresh
            fresh = False
            self.tokens[one] = answer.resume_token
            if answer.HasField("event"):
                self.events[one] += 1
                self.versions[one].setdefault(answer.event.subject, []).append(
                    answer.event.change.version)
            if not self._reads:
                await asyncio.Event().wait()
        raise await self._ended(call)

    @staticmethod
    async def _ended(call) -> grpc.aio.AioRpcError:
        return grpc.aio.AioRpcError(await call.code(), await call.initial_metadata(),
                                    await call.trailing_metadata(), await call.details())

    def wait(self, condition, seconds: float) -> bool:
        return wait_until(lambda: condition(self), seconds)

    def wait_open(self, seconds: float) -> "Crowd":
        assert self.wait(lambda crowd: crowd.opened >= len(crowd.events), seconds), (
            self.opened, self.errors[:3])
        return self

    def close(self) -> None:
        _loop().call_soon_threadsafe(self._stop.set)
        self._done.result(BOUND_S)

    def __enter__(self) -> "Crowd":
        return self

    def __exit__(self, *_) -> None:
        self.close()
