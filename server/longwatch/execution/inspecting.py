"""Asks a source what it holds or what a query would cost, in a process of its own."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Final

import msgspec

from longwatch.execution.processes import OwnRunner
from longwatch.protocol.jobs import JobError
from longwatch.protocol.parameters import Parameter
from longwatch.runner.spec import Answer, Inspection, Order, Question

INSPECTION_S: Final = 30.0
AT_ONCE: Final = 2
_MEMORY_BYTES: Final = 2**30
_THREADS: Final = 2


class Inspector:
    """Puts one question to one runner, which then ends; few at once, and none for ever."""

    def __init__(self, runner_for: Callable[[str], Awaitable[OwnRunner]], folder: Path) -> None:
        """`runner_for` an engine by name; `folder` is for what an engine spills meanwhile."""
        self._runner_for = runner_for
        self._folder = folder
        self._turn = asyncio.Semaphore(AT_ONCE)
        self._asking: set[asyncio.Task[Answer]] = set()

    def question(
        self,
        question: Question,
        options: dict[str, str],
        *,
        sql: str = "",
        parameters: Mapping[str, Parameter] | None = None,
        tag: str = "",
    ) -> Inspection:
        """A question with the usual bounds."""
        return Inspection(
            question=question,
            options=options,
            sql=sql,
            parameters=dict(parameters or {}),
            tag=tag,
            spill=str(self._folder / secrets.token_hex(8)),
            memory_bytes=_MEMORY_BYTES,
            threads=_THREADS,
        )

    async def ask(self, engine: str, inspection: Inspection, timeout_s: float) -> Answer:
        """The answer, or an error in its place: of the source, of the runner, or that it took
        longer than `timeout_s`. Never raises but when cancelled."""
        task = asyncio.create_task(self._ask(engine, inspection, timeout_s), name="inspection")
        self._asking.add(task)
        task.add_done_callback(self._asking.discard)
        return await task

    async def stop(self) -> None:
        """End every question that is open."""
        for task in self._asking:
            task.cancel()
        await asyncio.gather(*self._asking, return_exceptions=True)

    async def _ask(self, engine: str, inspection: Inspection, timeout_s: float) -> Answer:
        async with self._turn:
            try:
                runner = await self._runner_for(engine)
            except OSError as error:
                return _failed("not_started", f"No process could be started: {error}.")
            try:
                runner.order(Order(inspection=inspection))
                async with asyncio.timeout(timeout_s):
                    data = await runner.everything()
                return msgspec.json.decode(data, type=Answer)
            except TimeoutError:
                return _failed(
                    "source_slow",
                    f"The source did not answer within {timeout_s:g} s.",
                    "Look whether its server is up and can be reached from here.",
                )
            except (OSError, msgspec.MsgspecError):
                return _failed(
                    "source_unavailable",
                    "The process that was to look at the source ended without an answer.",
                    "The server's runners.log may say why: a driver that is missing, above all.",
                )
            finally:
                runner.kill()
                await asyncio.shield(runner.reap())


def _failed(code: str, message: str, hint: str | None = None) -> Answer:
    return Answer(error=JobError(code=code, message=message, hint=hint))
