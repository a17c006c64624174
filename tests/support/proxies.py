"""A TCP proxy that treats connections badly, the same way for the same seed."""

from __future__ import annotations

import asyncio
import enum
import random
from contextlib import suppress
from typing import Self

from longwatch.client.address import Address

CHUNK = 4096


class Harm(enum.Enum):
    """What becomes of one connection."""

    NONE = "nothing"
    CUT = "cut off after some bytes, in the middle of a frame as like as not"
    DELAY = "everything comes late, and in pieces"
    HALF_OPEN = "after some bytes nothing comes any more, and nobody says so"
    REFUSE = "closed at once"
    HOLD = "connected only after others that came later"


class Proxy:
    """Forwards connections to a port of this machine. What it does to each is drawn when it comes;
    after `calm` new ones are treated well."""

    def __init__(self, port: int, dice: random.Random, *, upgrades: bool = True) -> None:
        """Without `upgrades` a request for a WebSocket is answered 403, as some proxies do."""
        self.port = 0
        self.harms: list[Harm] = []
        self.upgrades = upgrades
        self._target = port
        self._dice = dice
        self._calm = False
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._over = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        self._over.set()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    def calm(self) -> None:
        """Do no more harm to those who come from now on."""
        self._calm = True

    def cut_all(self) -> None:
        """Cut every connection."""
        for task in self._tasks:
            task.cancel()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A plain function: a task that the server itself makes cannot be waited for.
        harm = Harm.NONE if self._calm else self._dice.choice(list(Harm))
        after = int(self._dice.triangular(0, 60_000, 500))
        self.harms.append(harm)
        task = asyncio.create_task(self._serve(reader, writer, harm, after), name="proxy")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, harm: Harm, after: int
    ) -> None:
        onward: asyncio.StreamWriter | None = None
        try:
            if harm is Harm.REFUSE:
                return
            if harm is Harm.HOLD:
                await asyncio.sleep(self._dice.uniform(0, 0.2))
            if not self.upgrades:
                head = await reader.readuntil(b"\r\n\r\n")
                if b"upgrade: websocket" in head.lower():
                    writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
                    await writer.drain()
                    return
            answers, onward = await asyncio.open_connection("127.0.0.1", self._target)
            if not self.upgrades:
                onward.write(head)
            ways = [
                asyncio.create_task(self._pump(reader, onward, Harm.NONE, after)),
                asyncio.create_task(self._pump(answers, writer, harm, after)),
            ]
            try:
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for way in ways:
                    way.cancel()
                await asyncio.gather(*ways, return_exceptions=True)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            for end in (writer, onward):
                if end is not None:
                    end.transport.abort()  # a reset: whatever was on its way is lost

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, harm: Harm, after: int
    ) -> None:
        passed = 0
        with suppress(OSError):
            while data := await reader.read(CHUNK):
                if harm is Harm.DELAY:
                    await asyncio.sleep(self._dice.uniform(0, 0.02))
                    cut = self._dice.randrange(len(data) + 1)
                    writer.write(data[:cut])
                    await asyncio.sleep(self._dice.uniform(0, 0.02))
                    data = data[cut:]
                elif harm in {Harm.CUT, Harm.HALF_OPEN} and passed + len(data) >= after:
                    writer.write(data[: max(0, after - passed)])
                    await writer.drain()
                    if harm is Harm.HALF_OPEN:
                        await self._over.wait()
                    return
                passed += len(data)
                writer.write(data)
                await writer.drain()


class AnswerProxy(Proxy):
    """Loses the answer to the first POST of each path; `lost` are these paths."""

    def __init__(self, port: int) -> None:
        super().__init__(port, random.Random(1))
        self.lost: list[str] = []

    @classmethod
    def to(cls, address: Address) -> Self:
        """The way to a server."""
        return cls(int(address.url.rpartition(":")[2]))

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, harm: Harm, after: int
    ) -> None:
        asked = ""
        answers, onward = await asyncio.open_connection("127.0.0.1", self._target)

        async def ask() -> None:
            nonlocal asked
            with suppress(OSError):
                while data := await reader.read(CHUNK):
                    if data.startswith(b"POST "):
                        asked = data.split(b" ")[1].partition(b"?")[0].decode()
                    onward.write(data)

        async def answer() -> None:
            with suppress(OSError):
                while data := await answers.read(CHUNK):
                    if asked and asked not in self.lost:
                        self.lost.append(asked)
                        return
                    writer.write(data)

        ways = [asyncio.create_task(ask()), asyncio.create_task(answer())]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            writer.transport.abort()
            onward.transport.abort()
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
