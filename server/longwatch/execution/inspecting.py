"""Asks a source what it holds or what a query would cost, in a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Final

import msgspec

from longwatch.execution.processes import OwnRunner
from longwatch.protocol.jobs import JobError
from longwatch.protocol.parameters import Parameter
from longwatch.protocol.wire import UNREADABLE
from longwatch.runner.spec import Answer, Inspection, Order, Question

INSPECTION_S: Final = 30.0
AT_ONCE: Final = 2
REAP_S: Final = 2.0
_MEMORY_BYTES: Final = 2**30
_THREADS: Final = 2


class _Line:
    """Questions of one kind: those that are open, few of which are put at once."""

    def __init__(self) -> None:
        self.turn = asyncio.Semaphore(AT_ONCE)
        self.open: set[asyncio.Task[Answer]] = set()


class Inspector:
    """Puts one question to one runner, which then ends; few at once, and none for ever."""

    def __init__(
        self, runner_for: Callable[[str, Order], Awaitable[OwnRunner]], folder: Path
    ) -> None:
        """`runner_for` gives an order to a runner for an engine by name, and may raise `OSError`;
        `folder` is for what an engine spills meanwhile."""
        self._runner_for = runner_for
        self._folder = folder
        self._questions = _Line()
        # Whoever cancelled a job waits for a sweep: it is not to stand behind a slow catalogue.
        self._sweeps = _Line()

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
        longer than `timeout_s`, the wait for its turn included."""
        line = self._sweeps if inspection.question is Question.SWEEP else self._questions
        task = asyncio.create_task(
            self._ask(line, engine, inspection, timeout_s), name="inspection"
        )
        line.open.add(task)
        task.add_done_callback(line.open.discard)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if task.cancelled():
                return _failed("server_stopped", "The server is stopping.")
            task.cancel()  # whoever asked is gone
            raise

    async def end_questions(self) -> None:
        """End every question that is open, but for sweeps: those confirm how jobs ended."""
        await _end(self._questions.open)

    async def stop(self) -> None:
        """End every question that is open."""
        await _end(self._questions.open | self._sweeps.open)

    async def _ask(
        self, line: _Line, engine: str, inspection: Inspection, timeout_s: float
    ) -> Answer:
        try:
            async with asyncio.timeout(timeout_s), line.turn:
                return await self._answer(engine, inspection)
        except TimeoutError:
            return _failed(
                "source_slow",
                f"The source did not answer within {timeout_s:g} s.",
                "Look whether its server is up and can be reached from here.",
            )

    async def _answer(self, engine: str, inspection: Inspection) -> Answer:
        try:
            runner = await self._runner_for(engine, Order(inspection=inspection))
        except OSError as error:
            return _failed("not_started", f"No process could be started: {error}.")
        try:
            return msgspec.json.decode(await runner.everything(), type=Answer)
        except (OSError, *UNREADABLE):
            return _failed(
                "source_unavailable",
                "The process that was to look at the source ended without an answer.",
                "The server's runners.log may say why: a driver that is missing, above all.",
            )
        finally:
            runner.kill()
            # A process that hangs in the kernel, on a network disk, does not end: let it be.
            with contextlib.suppress(TimeoutError):
                await asyncio.shield(asyncio.wait_for(runner.reap(), REAP_S))


async def _end(tasks: set[asyncio.Task[Answer]]) -> None:
    ending = set(tasks)
    for task in ending:
        task.cancel()
    await asyncio.gather(*ending, return_exceptions=True)


def _failed(code: str, message: str, hint: str | None = None) -> Answer:
    return Answer(error=JobError(code=code, message=message, hint=hint))
