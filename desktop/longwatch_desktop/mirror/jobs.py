"""`JobMirror`: what a server's feed has told of its jobs, each in a slot that stays the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from msgspec import structs

from longwatch.protocol.frames import Delta, ProgressFrame, Snapshot
from longwatch.protocol.jobs import JobState, JobSummary
from longwatch_desktop.mirror.columns import FREE, STATES, Columns, Slots
from longwatch_desktop.mirror.line import WaitingLine
from longwatch_desktop.mirror.naming import NameOrder
from longwatch_desktop.mirror.records import Records
from longwatch_desktop.mirror.searching import SearchTexts


@dataclass(frozen=True, slots=True)
class Changes:
    """What one event did to the mirror, by slot. No slot is in two of the first four.

    `reset`: a snapshot began in an empty mirror; what is shown can be built anew.
    `added`: jobs that are new. `updated`: their committed record changed. `progressed`: only
    their progress changed. `removed`: gone; their records can be read until the next event,
    after which the slots may serve other jobs. `shifted`: queued before and after, but their
    place in the line changed (may overlap `updated`). `found`: the server says that they have the
    words that were looked for, wherever these are. `history`: what came was there before, and what
    went is there still; no news of anything.
    """

    reset: bool
    added: tuple[int, ...]
    updated: tuple[int, ...]
    progressed: tuple[int, ...]
    removed: tuple[int, ...]
    shifted: tuple[int, ...] = ()
    found: tuple[int, ...] = ()
    history: bool = False


@dataclass(eq=False, slots=True)
class Awaited:
    """A page of older jobs that was asked for, and which jobs were removed since."""

    generation: int
    gone: set[str] = field(default_factory=set)


_MADE: Final = 4_096
"""Records that are kept as they were made, 1 KB each: many more than are in sight."""
NO_CHANGES: Final = Changes(reset=False, added=(), updated=(), progressed=(), removed=())


class JobMirror:
    """The jobs of one server as its feed tells them.

    A slot is a small number that belongs to a job from its first record to its removal. A
    snapshot that comes when there are jobs already (after a reconnect) leaves them in place:
    records that differ are replaced as they come, and what the snapshot did not mention is
    removed when it ends. A record never replaces a newer one (`seq`), unless the server itself
    went back (a restored store: its snapshot stands before what was known).

    The feed may bring the newest jobs alone; pages of older ones are taken in beside it (`expect`,
    `take`). They are records as any other: never in place of newer ones, and no job comes back
    that was removed while they were on their way.
    """

    def __init__(self) -> None:
        self.columns = Columns()
        self.loading = False
        """Whether chunks of a snapshot are still to come."""
        self.loaded = 0
        """While `loading`, how many jobs have come."""
        self.total: int | None = None
        """While `loading`, how many jobs the server has; `None` otherwise."""
        self.seq: int | None = None
        """The newest change known to be complete; `None` before the first."""
        self.older: str | None = None
        """The cursor below the newest jobs, from which older ones can be asked for; `None` when the
        last snapshot brought them all."""
        self._records = Records(self.columns)
        self._slot_of: dict[str, int] = {}
        self._free: list[int] = []
        self._leaving: list[int] = []
        self._merged: dict[int, JobSummary] = {}
        self._counts = [0] * len(STATES)
        self.texts = SearchTexts(self._records.text)
        self.names = NameOrder(self.texts.all)
        self._line = WaitingLine()
        # Snapshots are numbered; each slot remembers the one during or after which it was last
        # heard of. A snapshot from before the highest `seq` ever heard means that the server went
        # back: then what was last heard of before it may be overwritten by anything.
        self.generation = 0
        """How many snapshots have begun."""
        self._heard: list[int] = []
        self._highest = -1
        self._void_before = 0
        # What deltas that overtook a snapshot have removed, and how far they reached.
        self._gone: set[str] = set()
        self._ahead = -1
        self._awaited: set[Awaited] = set()

    def __len__(self) -> int:
        return len(self._slot_of)

    def __contains__(self, job_id: object) -> bool:
        return job_id in self._slot_of

    @property
    def counts(self) -> Mapping[JobState, int]:
        """How many jobs are in each state, every state included."""
        return dict(zip(STATES, self._counts, strict=True))

    @property
    def capacity(self) -> int:
        """Slots are below this. It grows."""
        return self.columns.capacity

    @property
    def ids_by_slot(self) -> Sequence[str]:
        """The id of each slot; stale where no job is."""
        return self._records.ids

    def ids(self) -> Iterator[str]:
        """The ids of all jobs, in no order."""
        return iter(self._slot_of)

    def slots(self) -> Iterator[int]:
        """The slots of all jobs, in no order."""
        return iter(self._slot_of.values())

    def slot(self, job_id: str) -> int | None:
        """Where a job is; `None` if it is not known."""
        return self._slot_of.get(job_id)

    def record(self, slot: int) -> JobSummary:
        """The committed record in `slot`. Raises `KeyError` if there is none."""
        return self._records.get(slot)

    def job(self, slot: int) -> JobSummary:
        """The job in `slot` with its newest phase and progress. Raises `KeyError` if none is.

        Made when asked for and kept until the job changes: 5 µs the first time, 0.1 after.
        """
        merged = self._merged.get(slot)
        if merged is None:
            merged = self.record(slot)
            if self.columns.overlaid[slot]:
                phase, progress = self.columns.newest(slot)
                merged = structs.replace(merged, phase=phase, progress=progress)
            if len(self._merged) >= _MADE:
                self._merged.clear()
            self._merged[slot] = merged
        return merged

    def place_in_line(self, slot: int) -> int | None:
        """1 for the queued job whose turn is next, 2 for the one after it …; `None` for a job
        that is not queued. By priority, then age; the server may let another owner go first."""
        return self._line.place(slot)

    @property
    def is_unprepared(self) -> bool:
        """Whether `prepare` has something to do."""
        return self.texts.is_due or self.names.is_due

    def prepare(self, texts: int, names: int) -> None:
        """Make ready so much of what searching and sorting by name need."""
        if not self.texts.prepare(texts):
            self.names.prepare(names)

    def apply(self, event: Snapshot | Delta | ProgressFrame) -> Changes:
        """Take in one event of the feed. Raises `ValueError` for a malformed progress frame."""
        if self._leaving:
            self._forget()
        match event:
            case ProgressFrame():
                return self._progress(event)
            case Snapshot():
                return self._snapshot(event)
            case Delta():
                return self._delta(event)

    def expect(self) -> Awaited:
        """A page of older jobs is asked for now: `take` it, or `dismiss` it."""
        page = Awaited(self.generation)
        self._awaited.add(page)
        return page

    def dismiss(self, page: Awaited) -> None:
        """The page will not come."""
        self._awaited.discard(page)

    def take(
        self, page: Awaited, jobs: Sequence[JobSummary], *, found: bool = False
    ) -> Changes | None:
        """Take in the page that was expected; `found`: by the words in it. `None` when a snapshot
        began meanwhile: it knew more than the page, which has to be asked for anew."""
        if self._leaving:
            self._forget()
        self.dismiss(page)
        if page.generation != self.generation:
            return None
        jobs = [job for job in jobs if job.id not in page.gone]
        changes = self._changes(*self._commit(jobs), [])
        slots = tuple(self._slot_of[job.id] for job in jobs) if found else ()
        return replace(changes, found=slots, history=True)

    def let_go(self, slots: Sequence[int]) -> Changes:
        """Forget jobs that the server still has."""
        if self._leaving:
            self._forget()
        gone = list(slots)
        self._remove(gone)
        return replace(self._changes([], [], gone), history=True)

    def _snapshot(self, chunk: Snapshot) -> Changes:
        reset = False
        if chunk.offset == 0:
            reset = not self._slot_of
            self.generation += 1
            if chunk.seq < self._highest:
                self._void_before = self.generation
                self._highest = chunk.seq
            self._gone.clear()
            self._ahead = -1
            self.loading = True
        gone = self._gone
        jobs = [job for job in chunk.jobs if job.id not in gone] if gone else chunk.jobs
        added, updated = self._commit(jobs)
        removed: list[int] = []
        self.loaded, self.total = chunk.offset + len(chunk.jobs), chunk.total
        if not chunk.more and self.loading:
            heard, generation = self._heard, self.generation
            removed = [slot for slot in self._slot_of.values() if heard[slot] != generation]
            self._remove(removed)
            self.loading, self.loaded, self.total = False, 0, None
            self.older = chunk.older
            self.seq = max(chunk.seq, self._ahead)
            self._highest = max(self._highest, self.seq)
            self._gone.clear()
        return self._changes(added, updated, removed, reset=reset)

    def _delta(self, delta: Delta) -> Changes:
        if not self.loading:
            if self.seq is not None and delta.to <= self.seq:
                return NO_CHANGES
            self.seq = delta.to
        self._highest = max(self._highest, delta.to)
        gone = self._gone
        if self.loading:
            gone.update(delta.removed)
            self._ahead = max(self._ahead, delta.to)
        for page in self._awaited:
            page.gone.update(delta.removed)
        dead = gone.union(delta.removed)
        jobs = [job for job in delta.changed if job.id not in dead] if dead else delta.changed
        removed = [slot for slot in map(self._slot_of.get, delta.removed) if slot is not None]
        removed = list(dict.fromkeys(removed))
        added, updated = self._commit(jobs)
        self._remove(removed)
        return self._changes(added, updated, removed)

    def _progress(self, frame: ProgressFrame) -> Changes:
        known = self._slot_of.get
        slots = np.array([known(job_id, -1) for job_id in frame.ids], np.intp)
        if not self.columns.capacity:
            return NO_CHANGES
        if len(set(frame.ids)) != len(frame.ids):
            last = {job_id: place for place, job_id in enumerate(frame.ids)}
            repeated = np.ones(len(slots), np.bool_)
            repeated[list(last.values())] = False
            slots[repeated] = -1
        moved = self.columns.progress(slots, frame).tolist()
        if not moved:
            return NO_CHANGES
        forget = self._merged.pop
        for slot in moved:
            forget(slot, None)
        return Changes(reset=False, added=(), updated=(), progressed=tuple(moved), removed=())

    def _commit(self, jobs: Sequence[JobSummary]) -> tuple[list[int], list[int]]:
        """Take in records that are newer than ours: the slots added, and those updated."""
        added: dict[int, JobSummary] = {}
        updated: dict[int, JobSummary] = {}
        renamed: list[int] = []
        slot_of, records, heard = self._slot_of, self._records, self._heard
        generation, void_before = self.generation, self._void_before
        highest = self._highest
        for job in jobs:
            highest = max(highest, job.seq)
            slot = slot_of.get(job.id)
            if slot is None:
                slot = self._take_slot(job.id)
                added[slot] = job
            else:
                news = added.get(slot) or updated.get(slot)
                before = news or records.kept(slot)
                stale = job.seq <= before.seq
                if stale and (heard[slot] >= void_before or job == (news or records.get(slot))):
                    heard[slot] = generation
                    continue
                if slot in added:
                    added[slot] = job
                else:
                    updated[slot] = job
                if job.name != before.name:
                    self.names.drop((slot,))
                    renamed.append(slot)
            heard[slot] = generation
        self._highest = highest
        self.names.add(added)
        self.names.add(renamed)
        if added or updated:
            self._store({**added, **updated})
        return list(added), list(updated)

    def _store(self, news: dict[int, JobSummary]) -> None:
        columns = self.columns
        columns.reserve(len(self._records))
        slots = np.fromiter(news, np.intp, len(news))
        self._count(slots, -1)
        columns.commit(slots, list(news.values()))
        put = self._records.put
        for slot, job in news.items():
            put(slot, job)
        self._count(slots, 1)
        self.texts.change(news)
        for slot in news:
            self._merged.pop(slot, None)

    def _remove(self, slots: list[int]) -> None:
        if not slots:
            return
        self._count(np.array(slots, np.intp), -1)
        for slot in slots:
            del self._slot_of[self._records.ids[slot]]
            self.columns.free(slot)
        self.names.drop(slots)
        self._leaving = slots

    def _forget(self) -> None:
        for slot in self._leaving:
            self._records.drop(slot)
            self._merged.pop(slot, None)
            self.texts.forget(slot)
        self._free.extend(self._leaving)
        self._leaving = []

    def _take_slot(self, job_id: str) -> int:
        if self._free:
            slot = self._free.pop()
        else:
            slot = len(self._records)
            self._heard.append(0)
            self.texts.add_slot()
        self._records.take(slot, job_id)
        self._slot_of[job_id] = slot
        return slot

    def _count(self, slots: Slots, sign: int) -> None:
        states = self.columns.state[slots]
        numbers = np.bincount(states[states != FREE], minlength=len(STATES)).tolist()
        self._counts = [
            count + sign * number for count, number in zip(self._counts, numbers, strict=True)
        ]

    def _changes(
        self, added: list[int], updated: list[int], removed: list[int], *, reset: bool = False
    ) -> Changes:
        if not (reset or added or updated or removed):
            return NO_CHANGES
        shifted = self._line.update(self.columns, self._records.ids, [*added, *updated, *removed])
        return Changes(
            reset=reset,
            added=tuple(added),
            updated=tuple(updated),
            progressed=(),
            removed=tuple(removed),
            shifted=shifted,
        )
