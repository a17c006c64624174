"""What earlier runs say of those that run now, and what these leave for later ones."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import structlog

from longwatch.execution.contract import Ended
from longwatch.protocol.attempts import Stage
from longwatch.protocol.runs import Run
from longwatch.runner.spec import AttemptSpec, Ending, Outcome, Report, Trace
from longwatch.service.remembering import Memory
from longwatch.service.running import Running

if TYPE_CHECKING:
    from longwatch.progress.estimate import Estimator
    from longwatch.progress.fingerprint import Fingerprint
    from longwatch.progress.staged import Dearness

PATIENCE_S: Final = 0.3
"""What is over by then needs no foresight; to ask for it would take longer than many queries."""
PLANS_AWAITED: Final = 10
"""So many times that long: an engine that has told its plan before may take its time."""
LEAST_KEPT_S: Final = 0.5
"""Shorter runs are not remembered: nobody watches these."""


class Foresight:
    """Asks the memory about what begins to run, and tells it of what has ended.

    It never stands in a job's way: what goes wrong here is logged, and the job has no time left to
    show."""

    def __init__(
        self,
        memory: Memory,
        beside: Callable[[], int],
        log: structlog.stdlib.BoundLogger,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`beside`: how many jobs run now, the one asked for among them."""
        self._memory = memory
        self._beside = beside
        self._log = log
        self._now = now
        self._learning: set[asyncio.Task[None]] = set()
        self._keeping: set[asyncio.Task[None]] = set()

    def follow(self, spec: AttemptSpec, running: Running) -> None:
        """An attempt has begun: let it know of earlier runs, if it is not over in a moment."""
        running.given(spec, self._beside() - 1)
        self._start(self._learning, self._learn(spec, running))

    def remember(self, running: Running, ended: Ended) -> None:
        """An attempt is over."""
        how, spec = ended.how, running.spec
        if spec is None:
            return
        if not isinstance(how, Outcome) or how.ending is not Ending.SUCCEEDED or how.trace is None:
            return
        if how.last.elapsed_s < LEAST_KEPT_S or how.last.result is None:
            return
        if how.last.result.stopped_at is None:  # else it went only as far as its limit
            self._start(self._keeping, self._keep(spec, running, how.last, how.trace))

    async def stop(self) -> None:
        """Ask no more, and wait for what is being kept."""
        for task in self._learning:
            task.cancel()
        await asyncio.gather(*self._learning, *self._keeping, return_exceptions=True)

    def _start(self, tasks: set[asyncio.Task[None]], work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work, name="foresight")
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        task.add_done_callback(self._look_at)

    def _look_at(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._log.error("a run was not learned from", error=str(error), exc_info=error)

    async def _learn(self, spec: AttemptSpec, running: Running) -> None:
        await asyncio.sleep(PATIENCE_S)
        if running.is_over:
            return
        like = await _fingerprint(spec, running)
        runs = await self._memory.like(like, spec.source, spec.engine)
        await self._teach(running, runs, like)
        if not running.stages and any(one.trace.stages for one in runs) and await _plans(running):
            await self._teach(running, runs, like)

    async def _teach(self, running: Running, runs: Sequence[Run], like: Fingerprint) -> None:
        estimator, dearness = await asyncio.to_thread(_lessons, runs, like, running.stages)
        running.expect(dearness)
        if estimator is not None:
            running.learn(estimator)

    async def _keep(self, spec: AttemptSpec, running: Running, last: Report, trace: Trace) -> None:
        like = await _fingerprint(spec, running)
        run = Run(
            job_id=spec.job_id,
            digest=like.digest,
            source=spec.source,
            engine=spec.engine,
            tables=list(like.tables),
            operators=list(like.operators),
            numbers=list(like.numbers),
            ended_at=self._now(),
            duration_s=last.elapsed_s,
            cpu_s=last.cpu_s,
            rows=last.rows,
            bytes=last.bytes,
            memory_bytes=max(trace.memory_bytes, default=0),
            others=running.others,
            accuracy=running.judged(last.elapsed_s),
            trace=trace,
        )
        await self._memory.keep(run)


async def _plans(running: Running) -> bool:
    """Wait for an attempt's stages for a while; whether they came."""
    for _ in range(PLANS_AWAITED):
        await asyncio.sleep(PATIENCE_S)
        if running.stages or running.is_over:
            break
    return bool(running.stages)


async def _fingerprint(spec: AttemptSpec, running: Running) -> Fingerprint:
    """Once an attempt, and in a thread: long texts of SQL take their time, and so does the first
    import."""
    if running.like is None:
        running.like = await asyncio.to_thread(_fingerprint_of, spec)
    return running.like


def _fingerprint_of(spec: AttemptSpec) -> Fingerprint:
    from longwatch.progress.fingerprint import fingerprint  # noqa: PLC0415 - sqlglot is large

    return fingerprint(spec.sql, spec.engine, spec.source, spec.parameters)


def _lessons(
    runs: Sequence[Run], like: Fingerprint, stages: Sequence[Stage]
) -> tuple[Estimator | None, Dearness]:
    """What runs of the same query say of one with these stages, and what those of others."""
    from longwatch.progress.choosing import dearness, earlier_runs  # noqa: PLC0415 - so is numpy
    from longwatch.progress.estimate import Estimator  # noqa: PLC0415

    own = [one for one in runs if one.digest == like.digest]
    earlier = earlier_runs(own, like.numbers, stages)
    others = dearness([one for one in runs if one.digest != like.digest])
    return Estimator(earlier) if earlier else None, others
