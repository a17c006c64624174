"""The Celery executor: attempts that workers come for, and what is heard of them.

An attempt is a worker's for as long as it is heard of: its lease. What the worker says is written
into the same mailbox that a runner of this machine has, so that all else reads it alike, and a
server that comes back knows what was known. Each word carries the key of the claim: of an attempt
that was given up, or claimed by another, nothing is taken any more.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar

from longwatch.background import Background
from longwatch.execution import celery_mailbox as files
from longwatch.execution.celery_hints import Hints
from longwatch.execution.contract import Claimant, Died, Ended, Executor, HandedBack, Observer
from longwatch.execution.local import Access, LocalExecutor
from longwatch.jobs.errors import AttemptOver, LeaderAway, WrongOffset
from longwatch.protocol.attempts import AttemptSpec, Ending, Outcome, Report
from longwatch.protocol.jobs import StatementKind
from longwatch.protocol.parameters import Parameter
from longwatch.protocol.worker import AttemptEnd, Heartbeat, HeartbeatAnswer, Hint
from longwatch.results.disk import SYNCED_BYTES, sync_result
from longwatch.results.index import INDEX
from longwatch.runner.mailbox import Mailbox
from longwatch.runner.spec import Answer, Question

T = TypeVar("T")
LOOK_S: Final = 0.5
CANCEL_S: Final = 6.0
"""How long a worker that is to end an attempt may be silent. It speaks twice a second; a query
whose worker nobody hears of is then cancelled without proof."""


@dataclass(eq=False, slots=True)
class _Lease:
    """An attempt that is somebody else's to carry out."""

    job_id: str
    number: int
    mailbox: Mailbox
    heard_s: float
    claimant: Claimant | None = None
    last: Report | None = None
    cancelled: bool = False
    most_bytes: int | None = None
    may_write: bool = False
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    """One word at a time: a report must not overtake another."""

    @property
    def place(self) -> tuple[str, int]:
        return self.job_id, self.number


class CeleryExecutor(Executor):
    """Holds the leases of attempts, and gives up those of which nothing is heard."""

    def __init__(
        self,
        jobs_folder: Path,
        hints: Hints,
        here: LocalExecutor,
        *,
        access: Callable[[str], Access],
        lease_s: float,
        note_write: Callable[[str, int], Awaitable[None]],
    ) -> None:
        """`here` asks sources, and goes on with attempts that were begun on this machine; `access`
        is a source's, as `LocalExecutor` has it; `note_write` keeps that an attempt writes, or
        raises `AttemptOver`."""
        self._note_write = note_write
        self._access = access
        self._jobs = jobs_folder
        self._hints = hints
        self._here = here
        self.lease_s = lease_s
        self._leases: dict[tuple[str, int], _Lease] = {}
        self._observer: Observer | None = None
        self._reaper = Background("leases")
        self._later: set[asyncio.Task[None]] = set()
        self._stopping = False
        self._let_go: set[tuple[str, int]] = set()

    async def start(self, observer: Observer) -> None:
        self._observer = observer
        await self._here.start(observer)
        self._reaper.start(self._reap())
        self._soon(self._hints.open(), "broker")

    async def offer(self, job_id: str, attempt: int, queue: str, task_id: str) -> None:
        """Let workers know that an attempt may be claimed. Raises `BrokerUnreachable`."""
        await self._hints.send(Hint(job=job_id, attempt=attempt), queue, task_id)

    async def unseen(self, queue: str) -> int:
        """How many hints in a queue no worker has taken. Raises `BrokerUnreachable`."""
        return await self._hints.waiting(queue)

    async def launch(self, spec: AttemptSpec) -> None:
        """Make the mailbox; `lease` says whose it is. Raises what is wrong with the source."""
        await self.secrets(spec.source)
        mailbox = Mailbox(self.folder(spec.job_id, spec.attempt))
        await asyncio.to_thread(mailbox.create, spec)
        lease = self._hold(spec.job_id, spec.attempt)
        lease.most_bytes = spec.result_bytes

    async def lease(self, job_id: str, attempt: int, claimant: Claimant) -> None:
        """The attempt is the claimant's from here on. Raises `AttemptOver`, `OSError`."""
        lease = self._leases.get((job_id, attempt))
        if lease is None or lease.claimant is not None:
            raise AttemptOver(job_id, attempt)
        lease.claimant = claimant
        await asyncio.to_thread(files.write_claim, lease.mailbox, claimant)

    def is_held(self, job_id: str, attempt: int, key: str) -> bool:
        """Whether the attempt is his who has the key, or a worker said that it is over."""
        try:
            self._held(job_id, attempt, key)
        except AttemptOver:
            return False
        return True

    async def spec(self, job_id: str, attempt: int) -> AttemptSpec:
        """What an attempt was given. Raises `AttemptOver`, `OSError`."""
        return await asyncio.to_thread(files.spec_of, self.folder(job_id, attempt), job_id, attempt)

    async def secrets(self, source: str) -> dict[str, str]:
        """What a worker needs beside the spec. Raises `JobsError`."""
        return (await asyncio.to_thread(self._access, source))[1]

    def jobs_of(self, worker: str) -> list[str]:
        """The jobs that a worker carries out."""
        leases = self._leases.values()
        return [one.job_id for one in leases if one.claimant and one.claimant.worker == worker]

    def adopt(self, job_id: str, attempt: int) -> None:
        mailbox = Mailbox(self.folder(job_id, attempt))
        try:
            claimant = files.read_claim(mailbox.folder)
            if claimant is None and mailbox.identity() is not None:
                self._here.adopt(job_id, attempt)
                return
            outcome, last = mailbox.outcome(), mailbox.report()
        except OSError:
            # No file could be opened just now: to take it for one that nobody has might run it
            # twice.
            asyncio.get_running_loop().call_later(LOOK_S, self._adopt_again, job_id, attempt)
            return
        lease = self._hold(job_id, attempt)
        lease.claimant, lease.last = claimant, last
        with contextlib.suppress(OSError, AttemptOver):
            lease.most_bytes = files.spec_of(mailbox.folder, job_id, attempt).result_bytes
        if outcome is not None:
            self._end(lease, Ended(outcome, outcome.last, confirmed=True))
        elif claimant is None:
            self._end(lease, Ended(Died("was never started"), None, confirmed=True))
        elif last is not None and self._observer is not None:
            self._observer.reported(job_id, attempt, last)

    def _adopt_again(self, job_id: str, attempt: int) -> None:
        if not self._stopping:
            self.adopt(job_id, attempt)

    def cancel(self, job_id: str, attempt: int) -> None:
        lease = self._leases.get((job_id, attempt))
        if lease is None:
            self._here.cancel(job_id, attempt)
        else:
            lease.cancelled = True  # told in the answer to the next heartbeat

    def let_go(self) -> list[tuple[str, int]]:
        # What was begun on this machine stays: nobody else can follow it.
        gone = list(self._leases)
        self._leases.clear()
        self._let_go = set(gone)
        return gone

    async def inspect(
        self,
        engine: str,
        question: Question,
        options: dict[str, str],
        *,
        sql: str = "",
        parameters: Mapping[str, Parameter] | None = None,
    ) -> Answer:
        return await self._here.inspect(engine, question, options, sql=sql, parameters=parameters)

    def folder(self, job_id: str, attempt: int) -> Path:
        return self._jobs / job_id / str(attempt)

    async def stop(self, *, keep: bool = False) -> None:
        """Let go of everything. What workers carry out goes on in any case, and is taken up by the
        next server."""
        self._stopping = True
        await self._reaper.stop()
        await asyncio.gather(*self._later, return_exceptions=True)
        self._leases.clear()
        await self._here.stop(keep=keep)
        await self._hints.close()

    # What a worker says. Each raises `AttemptOver`, and `OSError` where the disk has no room.

    async def heartbeat(
        self, job_id: str, attempt: int, key: str, heartbeat: Heartbeat
    ) -> HeartbeatAnswer:
        """A word of an attempt that goes on."""
        lease = self._held(job_id, attempt, key)
        async with lease.turn:
            log_bytes = await asyncio.to_thread(_keep, lease, heartbeat)
            if heartbeat.report is not None:
                lease.last = heartbeat.report
            writes = lease.last is not None and lease.last.kind is StatementKind.WRITE
            if writes and not lease.may_write:
                # In the store too: a server that took over meanwhile may know of no kind, and would
                # have it run again.
                await self._note_write(job_id, attempt)
                lease.may_write = True
        self._held(job_id, attempt, key)  # given up meanwhile: then nothing may begin to write
        if heartbeat.report is not None and self._observer is not None:
            self._observer.reported(job_id, attempt, heartbeat.report)
        return HeartbeatAnswer(
            cancel=lease.cancelled,
            may_write=lease.may_write,
            log_bytes=log_bytes,
        )

    async def segment_bytes(self, job_id: str, attempt: int, key: str, file: str) -> int:
        """How much of a segment is here."""
        lease = self._held(job_id, attempt, key)
        return await self._at_disk(lease, lambda: files.segment_bytes(lease.mailbox, file))

    async def append_segment(
        self, job_id: str, attempt: int, key: str, file: str, offset: int, data: bytes
    ) -> int:
        """Add to a segment; how much is here then. Raises `WrongOffset`, `ResultTooLarge`."""
        lease = self._held(job_id, attempt, key)
        return await self._at_disk(
            lease,
            lambda: files.append_segment(lease.mailbox, file, offset, data, lease.most_bytes),
        )

    async def put_index(self, job_id: str, attempt: int, key: str, data: bytes) -> None:
        """Say which segments there are. Raises `WrongOffset` or one of `UNREADABLE`."""
        lease = self._held(job_id, attempt, key)
        await self._at_disk(lease, lambda: files.put_index(lease.mailbox, data))

    async def end(self, job_id: str, attempt: int, key: str, end: AttemptEnd) -> None:
        """The attempt is over; returns when that is recorded. Said again, it changes nothing.
        Raises `WrongOffset` when the result of one that succeeded is not whole."""
        lease = self._leases.get((job_id, attempt))
        if lease is None and await asyncio.to_thread(self._was_told, job_id, attempt, key):
            return
        lease = self._held(job_id, attempt, key)
        async with lease.turn:
            outcome = end.outcome
            if outcome is not None:
                await asyncio.to_thread(_keep_outcome, lease.mailbox, outcome)
            # It may have been given up while the disk was busy.
            self._held(job_id, attempt, key)
            task = self._end(lease, _ended(lease, end))
        await asyncio.shield(task)

    def _was_told(self, job_id: str, attempt: int, key: str) -> bool:
        mailbox = Mailbox(self.folder(job_id, attempt))
        claimant = files.read_claim(mailbox.folder)
        return claimant is not None and claimant.key == key and mailbox.outcome() is not None

    async def _at_disk(self, lease: _Lease, work: Callable[[], T]) -> T:
        async with lease.turn:
            done = await asyncio.to_thread(work)
        lease.heard_s = _now_s()
        return done

    def _hold(self, job_id: str, attempt: int) -> _Lease:
        mailbox = Mailbox(self.folder(job_id, attempt))
        lease = self._leases[job_id, attempt] = _Lease(job_id, attempt, mailbox, _now_s())
        self._let_go.discard(lease.place)
        return lease

    def _held(self, job_id: str, attempt: int, key: str) -> _Lease:
        lease = self._leases.get((job_id, attempt))
        if lease is None and (job_id, attempt) in self._let_go:  # while this call was under way
            raise LeaderAway("another one is to lead")
        if lease is None or lease.claimant is None or lease.claimant.key != key:
            raise AttemptOver(job_id, attempt)
        lease.heard_s = _now_s()
        return lease

    def _end(self, lease: _Lease, ended: Ended) -> asyncio.Task[None]:
        """Let go of a lease, and tell: from here on nobody has the attempt."""
        del self._leases[lease.place]
        return self._soon(self._tell(lease, ended), f"ended-{lease.job_id}")

    async def _tell(self, lease: _Lease, ended: Ended) -> None:
        assert self._observer is not None
        await self._observer.ended(lease.job_id, lease.number, ended)
        if ended.last is not None and ended.last.bytes > SYNCED_BYTES:
            self._soon(self._put_on_disk(lease.mailbox.result), "sync")

    async def _put_on_disk(self, result: Path) -> None:
        await asyncio.to_thread(sync_result, result, lambda: self._stopping)

    def _soon(self, work: Coroutine[None, None, None], name: str) -> asyncio.Task[None]:
        task = asyncio.create_task(work, name=name)
        self._later.add(task)
        task.add_done_callback(self._later.discard)
        return task

    async def _reap(self) -> None:
        """Give up attempts of which nothing was heard for as long as their lease."""
        looked_s = _now_s()
        while True:
            await asyncio.sleep(LOOK_S)
            late_s = _now_s() - looked_s - LOOK_S
            looked_s = _now_s()
            for lease in list(self._leases.values()):
                # While the loop was held up nobody was heard, and that is not the workers' fault.
                lease.heard_s += max(0.0, late_s - LOOK_S)
                silent_s = looked_s - lease.heard_s
                patience_s = min(self.lease_s, CANCEL_S) if lease.cancelled else self.lease_s
                if silent_s > patience_s and not lease.turn.locked():
                    who = lease.claimant.worker if lease.claimant else "nobody"
                    died = Died(f"is with a worker ({who}) that was silent for {silent_s:.0f} s")
                    self._end(lease, Ended(died, lease.last, confirmed=False))


def _now_s() -> float:
    return asyncio.get_running_loop().time()


def _keep(lease: _Lease, heartbeat: Heartbeat) -> int:
    if heartbeat.report is not None:
        files.write_report(lease.mailbox, heartbeat.report, lease.last)
    return files.append_log(lease.mailbox, heartbeat.log_offset, heartbeat.log)


def _keep_outcome(mailbox: Mailbox, outcome: Outcome) -> None:
    if outcome.ending is Ending.SUCCEEDED and not files.result_is_whole(mailbox):
        raise WrongOffset(INDEX, 0)
    mailbox.write_outcome(outcome)


def _ended(lease: _Lease, end: AttemptEnd) -> Ended:
    last = (end.outcome.last if end.outcome else None) or end.last or lease.last
    if end.outcome is not None:
        return Ended(end.outcome, last, confirmed=end.confirmed)
    if end.died is not None:
        return Ended(Died(end.died), last, confirmed=end.confirmed)
    worker = lease.claimant.worker if lease.claimant else ""
    return Ended(HandedBack(worker), last, confirmed=end.confirmed)
