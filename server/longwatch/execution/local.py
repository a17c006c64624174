"""The local executor: runner processes on this machine."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Collection, Coroutine, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final

from longwatch.execution.contract import Died, Ended, Executor, Observer
from longwatch.execution.inspecting import INSPECTION_S, Inspector
from longwatch.execution.processes import AdoptedRunner, OwnRunner, RunnerProcess
from longwatch.execution.spares import Spares
from longwatch.jobs.errors import JobsError
from longwatch.protocol.jobs import Phase
from longwatch.protocol.parameters import Parameter
from longwatch.protocol.wire import UNREADABLE
from longwatch.results.disk import SYNCED_BYTES, sync_result
from longwatch.runner.mailbox import Mailbox
from longwatch.runner.spec import (
    Answer,
    AttemptSpec,
    Ending,
    Order,
    Outcome,
    Question,
    Report,
)

GRACE_S: Final = 0.8
"""How long an engine has to heed a cancel. Its own interrupt takes 1-60 ms in scans and joins, and
15-23 s in a sort of long strings: after this the process is killed (0.2 s for 1.9 GB)."""
GONE_S: Final = 2.0
HEARTBEAT_S: Final = 1.0
SPARE_ENGINE: Final = "duckdb"
SPARES: Final = 2
SWEEP_S: Final = 5.0
STOPPING_SWEEP_S: Final = 1.5
Access = tuple[dict[str, str], dict[str, str]]
"""The options of a source as they are now, and its secrets."""
_CUT_SHORT: Final = frozenset({"time_limit", "memory_limit"})
"""Ends that a runner makes of its process while the engine is deep in something."""


@dataclass(eq=False, slots=True)
class _Attempt:
    job_id: str
    number: int
    mailbox: Mailbox
    runner: RunnerProcess
    task: asyncio.Task[None] | None = None
    ladder: asyncio.Task[None] | None = None
    secrets: dict[str, str] | None = field(default=None, repr=False)
    """What it was started with; `None` for one that an earlier server started."""
    cancelled: bool = False
    last: Report | None = field(default=None)


class LocalExecutor(Executor):
    """Starts one process an attempt, from spares that have their imports done where it can."""

    def __init__(
        self,
        jobs_folder: Path,
        log: Path,
        *,
        warm_spare: bool,
        most_spares: int = SPARES,
        bound: bool = False,
        access: Callable[[str], Access] = lambda _source: ({}, {}),
        runs_elsewhere: Callable[[str], bool] = lambda _engine: False,
        withheld: Collection[str] = (),
    ) -> None:
        """`jobs_folder` holds a folder a job; what runners say before they have a log of their
        own is appended to `log`. With `bound` runners end with this process (`Order`). `access` is
        a source's by name, and may raise `JobsError`; `runs_elsewhere` says whether an engine's
        queries may outlive their runner; environment variables that are `withheld` are the
        server's own."""
        self._jobs = jobs_folder
        self._access = access
        self._runs_elsewhere = runs_elsewhere
        self._withheld = withheld
        self._inspector = Inspector(self._runner_for, jobs_folder / "inspections")
        self._log_path = log
        self._log: IO[bytes] | None = None
        self._spares = Spares(self._spawn, most=most_spares if warm_spare else 0)
        self._bound = bound
        self._closing: set[asyncio.Task[None]] = set()
        self._attempts: dict[tuple[str, int], _Attempt] = {}
        self._syncing = asyncio.Lock()
        self._stopping = False
        self._observer: Observer | None = None

    async def start(self, observer: Observer) -> None:
        self._observer = observer
        self._jobs.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._log = self._log_path.open("ab")
        self._spares.fill(idle=True)

    def folder(self, job_id: str, attempt: int) -> Path:
        return self._jobs / job_id / str(attempt)

    async def launch(self, spec: AttemptSpec) -> None:
        _, secrets = self._access(spec.source)
        mailbox = Mailbox(self.folder(spec.job_id, spec.attempt))
        mailbox.create(spec)
        await self._given(
            spec.engine, lambda runner: self._hand_over(runner, spec, mailbox, secrets)
        )
        if spec.engine == SPARE_ENGINE:
            self._spares.likely = spec.options
        self._spares.fill(idle=False)

    async def inspect(
        self,
        engine: str,
        question: Question,
        options: dict[str, str],
        *,
        sql: str = "",
        parameters: Mapping[str, Parameter] | None = None,
    ) -> Answer:
        asked = self._inspector.question(question, options, sql=sql, parameters=parameters)
        return await self._inspector.ask(engine, asked, INSPECTION_S)

    async def _runner_for(self, engine: str, order: Order) -> OwnRunner:
        runner = await self._given(engine, lambda runner: runner.order(order))
        self._spares.fill(idle=not self._attempts)
        return runner

    async def _given(self, engine: str, give: Callable[[OwnRunner], None]) -> OwnRunner:
        """A runner that took what `give` hands it: one in waiting where there is one. Raises
        `OSError`."""
        spare = self._spares.take() if engine == SPARE_ENGINE else None
        if spare is not None:
            try:
                give(spare)
            except OSError:  # it died in waiting
                self._reap(spare, None)
            else:
                return spare
        fresh = await self._spawn(engine)
        try:
            give(fresh)
        except BaseException:
            self._reap(fresh, None)
            raise
        return fresh

    def _hand_over(
        self, runner: OwnRunner, spec: AttemptSpec, mailbox: Mailbox, secrets: dict[str, str]
    ) -> None:
        mailbox.write_identity(runner.identity())
        folder = str(mailbox.folder)
        runner.order(Order(folder=folder, bound=self._bound, secrets=secrets or None))
        self._follow(_Attempt(spec.job_id, spec.attempt, mailbox, runner, secrets=secrets))

    def adopt(self, job_id: str, attempt: int) -> None:
        mailbox = Mailbox(self.folder(job_id, attempt))
        identity = mailbox.identity()
        runner: RunnerProcess = AdoptedRunner(identity) if identity else _Never()
        self._follow(_Attempt(job_id, attempt, mailbox, runner))

    def cancel(self, job_id: str, attempt: int) -> None:
        found = self._attempts.get((job_id, attempt))
        if found is not None and found.ladder is None:
            found.cancelled = True
            found.ladder = asyncio.create_task(self._insist(found), name=f"cancel-{job_id}")

    async def stop(self, *, keep: bool = False) -> None:
        self._stopping = True
        await self._inspector.end_questions()
        spares = await self._spares.close()
        attempts = list(self._attempts.values())
        kept = [one for one in attempts if keep and not one.cancelled]
        for attempt in attempts:
            if attempt not in kept:
                self.cancel(attempt.job_id, attempt.number)
            elif attempt.task is not None:
                attempt.task.cancel()
        following = [one.task for one in attempts if one.task]
        await asyncio.gather(*following, return_exceptions=True)
        for attempt in kept:
            attempt.runner.let_go()
        for spare in spares:
            self._reap(spare, None)
        await self._inspector.stop()
        await asyncio.gather(*self._closing, return_exceptions=True)
        if self._log is not None:
            self._log.close()

    def _follow(self, attempt: _Attempt) -> None:
        self._attempts[attempt.job_id, attempt.number] = attempt
        attempt.task = asyncio.create_task(self._watch(attempt), name=f"attempt-{attempt.job_id}")

    async def _watch(self, attempt: _Attempt) -> None:
        assert self._observer is not None
        while True:
            # The process first: what it wrote before it ended is then read after.
            gone = attempt.runner.is_gone
            try:
                report, outcome = attempt.mailbox.report(), attempt.mailbox.outcome()
            except OSError:
                # No file could be opened just now: an outcome that may be there is worth a wait.
                await asyncio.sleep(HEARTBEAT_S)
                continue
            if report is not None and report != attempt.last:
                attempt.last = report
                self._observer.reported(attempt.job_id, attempt.number, report)
            if outcome is not None or gone:
                break
            await attempt.runner.news(HEARTBEAT_S)
        ended = await self._ended(attempt, outcome)
        del self._attempts[attempt.job_id, attempt.number]
        await self._observer.ended(attempt.job_id, attempt.number, ended)
        self._reap(attempt.runner, attempt.mailbox)
        if ended.last is not None and ended.last.bytes > SYNCED_BYTES:
            self._later(self._put_on_disk(attempt.mailbox.result), "sync")
        self._spares.fill(idle=not self._attempts)

    async def _ended(self, attempt: _Attempt, outcome: Outcome | None) -> Ended:
        """Whatever ended by a cancel is only reported once the process is gone."""
        last = outcome.last if outcome else attempt.last
        if outcome is not None and outcome.ending is Ending.SUCCEEDED:
            return Ended(outcome, last, confirmed=True)
        confirmed = await attempt.runner.gone(GONE_S)
        if not confirmed:
            attempt.runner.kill()
            confirmed = await attempt.runner.gone(GONE_S)
        if attempt.ladder is not None:
            attempt.ladder.cancel()
        if outcome is None or outcome.error is None or outcome.error.code in _CUT_SHORT:
            confirmed = await self._swept(attempt) and confirmed
        if outcome is None and attempt.cancelled:
            last = last or Report(phase=Phase.STARTING, elapsed_s=0.0)
            outcome = Outcome(ending=Ending.CANCELLED, last=last)
        return Ended(outcome or Died(attempt.runner.death), last, confirmed=confirmed)

    async def _swept(self, attempt: _Attempt) -> bool:
        """Whether nothing of it runs on in an engine elsewhere."""
        try:
            spec = attempt.mailbox.spec()
            if not self._runs_elsewhere(spec.engine):
                return True
            secrets = attempt.secrets
            if secrets is None:
                options, secrets = self._access(spec.source)
                if options != spec.options:
                    # The source goes elsewhere by now: neither is its password for the old place,
                    # nor would a look at the new one tell anything.
                    return False
        except FileNotFoundError:
            return True  # it never came to be
        except (OSError, JobsError, *UNREADABLE):
            return False
        inspection = self._inspector.question(Question.SWEEP, spec.options | secrets, tag=spec.tag)
        patience_s = STOPPING_SWEEP_S if self._stopping else SWEEP_S
        return (await self._inspector.ask(spec.engine, inspection, patience_s)).swept

    async def _insist(self, attempt: _Attempt) -> None:
        """The cancel ladder: ask the engine, then end the process."""
        with contextlib.suppress(OSError):  # a full disk: the kill below needs none
            attempt.mailbox.request_cancel()
        if not await attempt.runner.gone(GRACE_S):
            attempt.runner.kill()

    async def _spawn(self, engine: str = SPARE_ENGINE) -> OwnRunner:
        assert self._log is not None
        return await OwnRunner.spawn(engine, self._jobs, self._log, self._withheld)

    def _reap(self, runner: RunnerProcess, mailbox: Mailbox | None) -> None:
        self._later(self._end(runner, mailbox), "reap")

    def _later(self, work: Coroutine[None, None, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def _put_on_disk(self, result: Path) -> None:
        async with self._syncing:  # one at a time: the disk does not get faster
            await asyncio.to_thread(sync_result, result, lambda: self._stopping)

    @staticmethod
    async def _end(runner: RunnerProcess, mailbox: Mailbox | None) -> None:
        if not await runner.gone(GONE_S):
            runner.kill()
        await runner.reap()
        if mailbox is not None and mailbox.spill.exists():
            # Left by a runner that was killed; unlinking 50 GB takes seconds.
            await asyncio.to_thread(mailbox.remove_spill)


class _Never(RunnerProcess):
    """Stands for a runner that never came to say which process it is."""

    async def news(self, timeout_s: float) -> None:
        await asyncio.sleep(0)

    @property
    def is_gone(self) -> bool:
        return True

    @property
    def death(self) -> str:
        return "was never started"

    def kill(self) -> None:
        return

    def let_go(self) -> None:
        return

    async def reap(self) -> None:
        return
