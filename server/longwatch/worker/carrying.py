"""One attempt after the other: claimed, run, told of, and its result brought to the server."""

from __future__ import annotations

import asyncio
import contextlib
import random
import secrets
import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec
import structlog

from longwatch.client.errors import LongwatchClientError
from longwatch.client.worker import Claimed, WorkerClient
from longwatch.execution.contract import Died, Ended, Observer
from longwatch.execution.local import LocalExecutor
from longwatch.protocol.attempts import AttemptSpec, Ending, Outcome, Report
from longwatch.protocol.jobs import JobError, Phase
from longwatch.protocol.worker import (
    MAX_LOG_BYTES,
    AttemptEnd,
    Claim,
    ClaimRequest,
    Heartbeat,
    Hint,
)
from longwatch.runner.mailbox import Mailbox
from longwatch.sources.engines import runs_elsewhere
from longwatch.worker.delivery import Delivery
from longwatch.worker.leftover import before_leave, note_claim
from longwatch.worker.options import WorkerOptions
from longwatch.worker.reaching import (
    BACKOFF,
    GIVE_UP_S,
    NoRoom,
    NotOurs,
    OutOfReach,
    insist,
    sort_out,
)

HEARTBEAT_S: Final = 0.5
"""A cancel is heard of within this, so that it is confirmed within two seconds."""
PACE_S: Final = 0.1
CLAIM_S: Final = 20.0
"""A server that is away for longer offers the attempt again when it is back."""


@dataclass(eq=False, slots=True)
class _Carried:
    """An attempt, and what was told of it."""

    of: Claimed
    mailbox: Mailbox
    delivery: Delivery
    news: asyncio.Event = field(default_factory=asyncio.Event)
    over: asyncio.Event = field(default_factory=asyncio.Event)
    report: Report | None = None
    told: Report | None = None
    log_bytes: int = 0
    ended: Ended | None = None
    failure: JobError | None = None
    is_ours: bool = True
    is_told: bool = False
    """The end is on its way: that the server then knows of no such attempt is as it should be."""
    may_write: bool = False
    asked_to_end: bool = False


class Carrier(Observer):
    """Carries out one attempt at a time."""

    def __init__(
        self,
        options: WorkerOptions,
        client: WorkerClient,
        folder: Path,
        log: structlog.stdlib.BoundLogger,
    ) -> None:
        """`folder` is this process's own."""
        self._options = options
        self._client = client
        self._log = log
        self._secrets: dict[str, str] = {}
        self._options_of: dict[str, str] = {}
        self._now: _Carried | None = None
        self._executor = LocalExecutor(
            folder / "jobs",
            folder / "runners.log",
            warm_spare=True,
            most_spares=1,
            bound=True,
            access=lambda _source: (self._options_of, self._secrets),
            runs_elsewhere=runs_elsewhere,
        )

    async def start(self) -> None:
        """Get a runner ready. Raises `OSError`."""
        await self._executor.start(self)

    async def stop(self) -> None:
        """Let it go."""
        await self._executor.stop()

    # What the executor tells

    def reported(self, job_id: str, attempt: int, report: Report) -> None:
        """The runner has news."""
        if self._now is not None:
            self._now.report = report
            self._now.news.set()

    async def ended(self, job_id: str, attempt: int, ended: Ended) -> None:
        """The runner is gone."""
        if self._now is not None:
            self._now.ended = ended
            self._now.news.set()
            self._now.over.set()

    async def carry(self, hint: Hint, task_id: str) -> None:
        """Carry out what a hint is about, if the server gives it to us; returns when that is over
        and the server knows."""
        key = secrets.token_hex(16)
        asked = ClaimRequest(
            job_id=hint.job,
            attempt=hint.attempt,
            key=key,
            worker=self._options.name,
            task_id=task_id,
        )
        try:
            claim = await insist(lambda: self._client.claim(asked), CLAIM_S)
        except (NotOurs, OutOfReach) as error:
            self._log.info("hint left", job=hint.job, why=type(error).__name__)
            return
        of = Claimed(hint.job, hint.attempt, key)
        self._log.info("attempt claimed", job=of.job_id, attempt=of.attempt)
        with contextlib.suppress(NotOurs, OutOfReach):
            await self._carry(of, claim)
        self._secrets, self._options_of = {}, {}
        folder = self._executor.folder(of.job_id, of.attempt).parent
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    async def _carry(self, of: Claimed, claim: Claim) -> None:
        mailbox = Mailbox(self._executor.folder(of.job_id, of.attempt))
        delivery = Delivery(self._client, of, mailbox.result, self._options.results_dir)
        one = self._now = _Carried(of, mailbox, delivery)
        beat = asyncio.create_task(self._beat(one), name="heartbeat")
        try:
            await self._run(one, self._options.fitted(claim.spec), claim.secrets)
            await self._deliver(one)
            if one.is_ours:
                end, one.is_told = _end(one), True
                await insist(lambda: self._client.end(of, end))
                self._log.info("attempt ended", job=of.job_id, attempt=of.attempt)
        finally:
            beat.cancel()
            await asyncio.gather(beat, return_exceptions=True)
            self._now = None

    async def _run(self, one: _Carried, spec: AttemptSpec, given: dict[str, str]) -> None:
        self._options_of, self._secrets = spec.options, given
        try:
            await self._executor.launch(spec)
            await asyncio.to_thread(note_claim, one.mailbox.folder, one.of)
        except OSError as error:
            one.failure = JobError(
                code="not_started",
                message=f"The worker {self._options.name} could not start the query: {error}.",
                hint="Look at its disk, and at its runners.log.",
            )
            self._executor.cancel(spec.job_id, spec.attempt)
            if one.mailbox.identity() is None:
                one.over.set()

    async def _deliver(self, one: _Carried) -> None:
        """Bring the result while it is written, and in the end what is left of it."""
        while True:
            is_over = one.over.is_set()
            try:
                if one.is_ours and one.failure is None:
                    await one.delivery.bring()
            except (NotOurs, OutOfReach):
                self._drop(one)
            except (NoRoom, OSError, LongwatchClientError) as error:
                self._log.warning("result not brought", job=one.of.job_id, error=str(error))
                one.failure = JobError(
                    code="result_not_written",
                    message=f"The result could not be brought to the server: {error}",
                    hint="Make room on the server's disk, then run the query again.",
                )
                self._executor.cancel(one.of.job_id, one.of.attempt)
            if is_over:
                return
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(HEARTBEAT_S):
                    await one.over.wait()

    async def _beat(self, one: _Carried) -> None:
        """Tell the server how far it is until that knows the end, and heed what it answers."""
        dice = random.Random()  # noqa: S311 - spreads tries, hides nothing
        heard_s, failures = time.monotonic(), 0
        while one.is_ours:
            one.news.clear()
            try:
                await self._tell(one)
            except LongwatchClientError as error:
                failures += 1
                with contextlib.suppress(LongwatchClientError, NoRoom):
                    try:
                        sort_out(error)
                    except NotOurs:
                        if not one.is_told:
                            self._drop(one)
                if time.monotonic() - heard_s > GIVE_UP_S:
                    self._drop(one)
                await asyncio.sleep(BACKOFF.delay_s(failures, dice))
                continue
            heard_s, failures = time.monotonic(), 0
            await asyncio.sleep(PACE_S)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(HEARTBEAT_S - PACE_S):
                    await one.news.wait()

    async def _tell(self, one: _Carried) -> None:
        report = one.report
        if report is not None:  # the server tells of rows that can be read there, not here
            report = msgspec.structs.replace(report, result=one.delivery.brought())
        log = await asyncio.to_thread(_log_from, one.mailbox, one.log_bytes)
        heartbeat = Heartbeat(
            report=None if report == one.told else report, log_offset=one.log_bytes, log=log
        )
        answer = await self._client.heartbeat(one.of, heartbeat)
        one.told, one.log_bytes = report, answer.log_bytes
        if answer.cancel and not one.asked_to_end:
            one.asked_to_end = True
            self._executor.cancel(one.of.job_id, one.of.attempt)
        if answer.may_write and not one.may_write:
            one.may_write = True
            with contextlib.suppress(OSError):  # it waits on, and runs into its time limit
                one.mailbox.give_leave()
        if not one.may_write and self._options.hands_back():
            self._executor.cancel(one.of.job_id, one.of.attempt)

    def _drop(self, one: _Carried) -> None:
        """What it does is not wanted any more: end it."""
        self._log.info("attempt dropped", job=one.of.job_id, attempt=one.of.attempt)
        one.is_ours = False
        self._executor.cancel(one.of.job_id, one.of.attempt)


def _end(one: _Carried) -> AttemptEnd:
    ended = one.ended
    last = ended.last if ended is not None else one.report
    confirmed = ended is None or ended.confirmed
    if one.failure is not None:
        last = last or Report(phase=Phase.STARTING, elapsed_s=0.0)
        last = msgspec.structs.replace(last, result=None)
        outcome = Outcome(ending=Ending.FAILED, last=last, error=one.failure)
        return AttemptEnd(outcome=outcome, confirmed=confirmed)
    assert ended is not None
    if isinstance(ended.how, Died):
        last = before_leave(last, one.mailbox)
        return AttemptEnd(died=ended.how.reason[:200], last=last, confirmed=confirmed)
    assert isinstance(ended.how, Outcome)
    if ended.how.ending is Ending.CANCELLED and not one.asked_to_end:
        return AttemptEnd(last=last, confirmed=confirmed)  # handed back
    return AttemptEnd(outcome=ended.how, confirmed=confirmed)


def _log_from(mailbox: Mailbox, offset: int) -> bytes:
    try:
        with mailbox.log.open("rb") as file:
            file.seek(offset)
            return file.read(MAX_LOG_BYTES)
    except OSError:
        return b""
