"""Helper processes: started when there is work, kept for the next, ended when there is none.

A helper takes 0.4 s to start and 90 MB, so one that has done its work waits for more, for some
minutes. Whoever gives up an order ends the helper that is busy with it: nothing else stops a sort
at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any, BinaryIO, Final

import msgspec

from longwatch.results.errors import HelperFailed
from longwatch.results.orders import Answer, Order, spill_of

IDLE_S: Final = 300.0
MOST_AT_ONCE: Final = 2
"""Orders that somebody waits for in front of a page; the others wait in line."""
MOST_WAITING: Final = 1
"""Helpers kept without work."""
_STREAM_LIMIT: Final = 1 << 18
"""Bytes that wait in the server for a reader; beyond twice as many the helper waits."""


class Helper:
    """One process, and one order at a time. Any exception but a failure that it answers with
    means that it is of no more use."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.is_usable = True

    @classmethod
    async def start(cls, jobs_folder: Path, log: Path) -> Helper:
        """Start one. Raises `HelperFailed`."""
        group: dict[str, Any] = (
            {"creationflags": getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)}
            if os.name == "nt"
            else {"start_new_session": True}
        )
        try:
            stderr = await asyncio.to_thread(_open_log, jobs_folder, log)
            with stderr:
                process = await asyncio.create_subprocess_exec(
                    *(sys.executable, "-m", "longwatch.results.helper", str(jobs_folder)),
                    stdin=asyncio.subprocess.PIPE,
                    stdout=asyncio.subprocess.PIPE,
                    stderr=stderr,
                    limit=_STREAM_LIMIT,
                    **group,
                )
        except OSError as error:
            raise HelperFailed(f"could not be started ({error.strerror})") from error
        return cls(process)

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    @property
    def is_gone(self) -> bool:
        """Whether it has ended."""
        return self._process.returncode is not None

    async def answers(self, order: Order) -> AsyncGenerator[tuple[Answer, bytes]]:
        """Send an order; each line of the answer with its bytes, the last one included. Raises
        what the answer fails with, or `HelperFailed` when the process ends."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        usable, self.is_usable = self.is_usable, False
        assert usable, "a helper that was given up"
        try:
            stdin.write(order.line())
            while True:
                line = await stdout.readline()
                answer = msgspec.json.decode(line, type=Answer)
                data = await stdout.readexactly(answer.size) if answer.size else b""
                if answer.last:
                    self.is_usable = True
                if answer.failed is not None:
                    raise answer.error()
                yield answer, data
                if answer.last:
                    return
        except (OSError, EOFError, msgspec.MsgspecError, ValueError) as error:
            raise HelperFailed(await self._death()) from error

    async def _death(self) -> str:
        self.kill()
        code = await self._process.wait()
        return f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"

    def kill(self) -> None:
        """End it, whatever it is busy with."""
        self.is_usable = False
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    async def reap(self) -> None:
        """Wait for its end, and let go of what belongs to it."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        # A transport whose pipe nobody reads to its end never hears of the process's.
        if self._process.stdout is not None:
            with contextlib.suppress(OSError, ValueError):
                while await self._process.stdout.read(_STREAM_LIMIT):
                    pass
        await self._process.wait()


class Helpers:
    """The helpers of one server. Used from its event loop."""

    def __init__(self, jobs_folder: Path, log: Path) -> None:
        self._jobs_folder = jobs_folder
        self._log = log
        self._waiting: list[Helper] = []
        self._busy: set[Helper] = set()
        self._ending: set[asyncio.Task[None]] = set()
        self._turns = asyncio.Semaphore(MOST_AT_ONCE)
        self._starting: asyncio.Task[None] | None = None
        self._idle: asyncio.TimerHandle | None = None
        self._closing = False

    def prepare(self) -> None:
        """Have a helper ready: somebody reads a result that is large enough to be sorted."""
        if self._waiting or self._busy or self._closing:
            return
        if self._starting is None or self._starting.done():
            self._starting = asyncio.create_task(self._prepare(), name="helper")

    async def call(self, order: Order) -> tuple[Any, bytes]:
        """Have an order done; the value and the bytes of its answer. Raises a `ResultError`."""
        async with self._turns, contextlib.aclosing(self.stream(order)) as answers:
            async for answer, data in answers:
                if answer.last:
                    return answer.value, data
        raise AssertionError("the last answer returns or raises")

    async def stream(self, order: Order) -> AsyncGenerator[tuple[Answer, bytes]]:
        """Have an order done without waiting for a turn; each answer as it comes. To close this
        early ends the helper. Raises a `ResultError`."""
        helper = await self._take()
        try:
            async with contextlib.aclosing(helper.answers(order)) as answers:
                async for answer, data in answers:
                    yield answer, data
        finally:
            self._give_back(helper)

    async def close(self) -> None:
        """End them all, and wait until they are gone."""
        self._closing = True
        if self._idle is not None:
            self._idle.cancel()
        if self._starting is not None:
            await asyncio.gather(self._starting, return_exceptions=True)
        for helper in [*self._waiting, *self._busy]:
            self._end(helper)
        self._waiting.clear()
        await asyncio.gather(*self._ending, return_exceptions=True)
        await asyncio.to_thread(shutil.rmtree, spill_of(self._jobs_folder), ignore_errors=True)

    def pids(self) -> list[int]:
        """Of those that have not ended, busy or waiting."""
        return [one.pid for one in (*self._waiting, *self._busy) if not one.is_gone]

    async def _prepare(self) -> None:
        with contextlib.suppress(HelperFailed):
            self._keep(await Helper.start(self._jobs_folder, self._log))

    async def _take(self) -> Helper:
        if self._closing:
            raise HelperFailed("is not started while the server stops")
        if self._starting is not None and not self._starting.done():
            await asyncio.shield(self._starting)
        while self._waiting:
            helper = self._waiting.pop()
            if not helper.is_gone:
                break
            self._end(helper)
        else:
            helper = await Helper.start(self._jobs_folder, self._log)
        self._busy.add(helper)
        return helper

    def _give_back(self, helper: Helper) -> None:
        self._busy.discard(helper)
        if helper.is_usable and not helper.is_gone and not self._closing:
            self._keep(helper)
        else:
            self._end(helper)

    def _keep(self, helper: Helper) -> None:
        if len(self._waiting) >= MOST_WAITING or self._closing:
            self._end(helper)
            return
        self._waiting.append(helper)
        if self._idle is not None:
            self._idle.cancel()
        self._idle = asyncio.get_running_loop().call_later(IDLE_S, self._let_go)

    def _let_go(self) -> None:
        for helper in self._waiting:
            self._end(helper)
        self._waiting.clear()

    def _end(self, helper: Helper) -> None:
        helper.kill()
        task = asyncio.create_task(helper.reap(), name="helper's end")
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)


def _open_log(jobs_folder: Path, log: Path) -> BinaryIO:
    jobs_folder.mkdir(parents=True, exist_ok=True)
    return log.open("ab")
