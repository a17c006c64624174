"""Whatever a server does and its feed tells, the mirror and its listings agree with the plain ones
after every event, and what they say has changed is what has changed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)
from msgspec import structs

from longwatch.protocol.frames import Delta, ProgressFrame, Snapshot
from longwatch.protocol.jobs import (
    JobError,
    JobState,
    Phase,
    ResultSummary,
)
from longwatch_desktop.mirror.jobs import NO_CHANGES, Changes, JobMirror
from longwatch_desktop.mirror.keys import LIVE_KEYS
from longwatch_desktop.mirror.listing import JobListing, SortKey
from longwatch_desktop.mirror.query import JobFilter
from unit.desktop.mirror.builders import at, job, told
from unit.desktop.mirror.reference import PlainMirror, in_order
from unit.desktop.mirror.strategies import FEW, NAMES, OWNERS, SOURCES, Server, filters, progresses

# 12 s of computing, of which a busy machine makes minutes.
pytestmark = pytest.mark.timeout(600)


class Watched:
    """A listing, and all it has said, checked as it comes."""

    def __init__(self, mirror: JobMirror, now: datetime) -> None:
        self.mirror = mirror
        self.listing = JobListing(mirror)
        self.now = now
        self.exact = True
        """Whether live keys and time were last looked at for what the mirror holds now."""

    @property
    def lazy(self) -> bool:
        return self.listing.key in LIVE_KEYS or self.listing.query.uses_time

    def shown(self) -> list[str]:
        return [self.mirror.ids_by_slot[slot] for slot in self.listing.order.tolist()]

    def content(self) -> dict[int, object]:
        mirror = self.mirror
        return {
            slot: (mirror.job(slot), mirror.place_in_line(slot))
            for slot in self.listing.order.tolist()
        }

    def update(
        self,
        changes: Changes,
        content: dict[int, object],
        now: datetime,
        *,
        resort: bool = False,
    ) -> None:
        listing = self.listing
        wanted = listing.wants_resort
        before = listing.order
        kept = before.tolist()
        change = listing.update(changes, resort=resort, now=now)
        self.exact = resort or not self.lazy
        assert before.tolist() == kept, "the old order was written to"
        after = listing.order.tolist()
        if not changes.reset:
            assert change.moved is (kept != after)
            assert wanted or not change.moved or changes is not NO_CHANGES
            stale = {
                row
                for row, slot in enumerate(after)
                if slot in content
                and content[slot] != (self.mirror.job(slot), self.mirror.place_in_line(slot))
            }
            assert stale <= set(change.dirty)
            touched = {*changes.updated, *changes.progressed, *changes.shifted}
            assert list(change.dirty) == [r for r, slot in enumerate(after) if slot in touched]
        if change.inserted is not None:
            first, last = change.inserted
            assert after[:first] + after[last + 1 :] == kept
            assert change.removed is None
        if change.removed is not None:
            first, last = change.removed
            assert kept[:first] + kept[last + 1 :] == after
        if listing.key in LIVE_KEYS and not resort and not changes.reset:
            stay = set(kept) & set(after)
            assert [slot for slot in kept if slot in stay] == [
                slot for slot in after if slot in stay
            ], "a row left its place without a resort"

    def check(self, plain: PlainMirror, now: datetime) -> None:
        listing = self.listing
        rows = {slot: row for row, slot in enumerate(listing.order.tolist())}
        assert len(rows) == len(listing.order) == len(listing)
        for slot in range(self.mirror.capacity + 2):
            assert listing.row_of(slot) == rows.get(slot, -1)
        if self.exact:
            jobs = plain.jobs().values()
            assert self.shown() == in_order(
                jobs, listing.key, listing.descending, listing.query, now
            )


class Feeds(RuleBasedStateMachine):
    @initialize(jobs=st.integers(0, 6), data=st.data())
    def begin(self, jobs: int, data: st.DataObject) -> None:
        self.clock = 100.0
        self.server = Server()
        self.backup = self.server.copy()
        self.mirror = JobMirror()
        self.plain = PlainMirror()
        self.client_seq: int | None = None
        self.snapshot: tuple[int, int, list[str]] | None = None
        self.sent: list[Delta] = []
        self.newest = Watched(self.mirror, at(self.clock))
        self.other = Watched(self.mirror, at(self.clock))
        self.named = Watched(self.mirror, at(self.clock))
        self.named.listing.sort_by("name", True)
        self.watched = [self.newest, self.named, self.other]
        for number in range(jobs):
            self.submit("Delays", "flights", "ann", 0, number % 2, at_once=False)
        for _ in range(jobs):
            self.goes_on(data, at_once=False)
        self.begin_snapshot()

    # What happens at the server.

    @rule(name=NAMES, source=SOURCES, owner=OWNERS, priority=FEW, later=FEW, at_once=st.booleans())
    def submit(
        self, name: str, source: str, owner: str, priority: int, later: int, at_once: bool
    ) -> None:
        self.server.made += 1
        self._pass(later)
        self.server.put(
            job(
                f"{(self.server.made * 7) % 10}-{self.server.made}",
                name=name,
                source=source,
                owner=owner,
                priority=priority,
                submitted_at=at(self.clock),
            )
        )
        self._tell(at_once)

    @rule(data=st.data(), at_once=st.booleans())
    def goes_on(self, data: st.DataObject, at_once: bool) -> None:
        if not self.server.jobs:
            return
        one = self.server.jobs[data.draw(st.sampled_from(sorted(self.server.jobs)))]
        now = at(self.clock)
        changes: dict[str, Any] = {}
        if one.state is JobState.QUEUED:
            changes = {
                "state": JobState.RUNNING,
                "attempt": one.attempt + 1,
                "started_at": now,
                "phase": Phase.STARTING,
            }
            if data.draw(st.sampled_from([False, False, True])):
                changes = {"priority": data.draw(FEW)}
        elif one.state is JobState.RUNNING:
            stays = data.draw(st.booleans())
            state = JobState.RUNNING if stays else data.draw(st.sampled_from(JobState))
            changes = {"state": state, "progress": data.draw(progresses())}
            if state.is_final:
                changes |= {"finished_at": now, "phase": None}
            if state is JobState.QUEUED:
                changes |= {"started_at": None, "phase": None}
            if state is JobState.FAILED:
                changes["error"] = JobError(code="syntax_error", message="No column “ss”.")
            if state is JobState.SUCCEEDED:
                changes["result"] = ResultSummary(
                    rows=data.draw(FEW), bytes=data.draw(FEW), complete=True
                )
        self.server.put(structs.replace(one, **changes))
        self._tell(at_once)

    @rule(data=st.data(), at_once=st.booleans())
    def delete(self, data: st.DataObject, at_once: bool) -> None:
        if self.server.jobs:
            self.server.remove(data.draw(st.sampled_from(sorted(self.server.jobs))))
            self._tell(at_once)

    @rule(data=st.data(), name=NAMES, earlier=FEW)
    def is_edited(self, data: st.DataObject, name: str, earlier: int) -> None:
        if self.server.jobs:
            one = self.server.jobs[data.draw(st.sampled_from(sorted(self.server.jobs)))]
            submitted_at = one.submitted_at - timedelta(seconds=earlier)
            edit = {"submitted_at": submitted_at} if earlier else {"name": name}
            self.server.put(structs.replace(one, **edit))
            self._tell(at_once=True)

    @rule()
    def back_up(self) -> None:
        self.backup = self.server.copy()

    @rule()
    def restore(self) -> None:
        made = self.server.made
        self.server = self.backup.copy()
        self.server.made = made  # ids are random: never the same twice
        self.sent.clear()
        self.begin_snapshot()

    # What the feed tells.

    @precondition(lambda self: self.client_seq is not None and self.snapshot is None)
    @rule()
    def send_delta(self) -> None:
        assert self.client_seq is not None
        frame = self.server.since(self.client_seq)
        self.client_seq = frame.to
        self.sent.append(frame)
        self._apply(frame)

    @precondition(lambda self: self.snapshot is not None)
    @rule()
    def overtake(self) -> None:
        assert self.snapshot is not None
        frame = self.server.since(self.snapshot[0])
        self.sent.append(frame)
        self._apply(frame)

    @precondition(lambda self: self.sent and self.client_seq is not None and self.snapshot is None)
    @rule(data=st.data())
    def repeat(self, data: st.DataObject) -> None:
        self._apply(data.draw(st.sampled_from(self.sent)))

    @rule()
    def begin_snapshot(self) -> None:
        self.client_seq = None
        self.snapshot = (self.server.seq, 0, sorted(self.server.jobs, reverse=True))
        self.send_chunk()

    @precondition(lambda self: self.snapshot is not None)
    @rule()
    def send_chunk(self) -> None:
        assert self.snapshot is not None
        seq, offset, ids = self.snapshot
        chunk, rest = ids[:3], ids[3:]
        jobs = [self.server.jobs[job_id] for job_id in chunk if job_id in self.server.jobs]
        self.snapshot = (seq, offset + len(jobs), rest) if rest else None
        if not rest:
            self.client_seq = seq
        total = offset + len(jobs) + len(rest)
        self._apply(Snapshot(jobs=jobs, offset=offset, total=total, seq=seq, more=bool(rest)))

    @rule(data=st.data())
    def progress(self, data: st.DataObject) -> None:
        known = [*sorted(self.plain.records), "nobody"]
        runs = [one.id for one in self.plain.records.values() if one.state is JobState.RUNNING]
        ids = data.draw(st.lists(st.sampled_from(known), max_size=2))
        ids += data.draw(st.lists(st.sampled_from(sorted(runs) or known), min_size=1, max_size=4))
        reports = []
        for job_id in ids:
            record = self.plain.records.get(job_id)
            attempt = 1 if record is None else record.attempt
            wrong = data.draw(st.sampled_from([0, 0, 0, 1, -1]))
            phase = data.draw(st.sampled_from(Phase))
            reports.append((job_id, attempt + wrong, phase, data.draw(progresses())))
        self._apply(told(*reports))

    # What the user does.

    @rule(key=st.sampled_from(SortKey), descending=st.booleans())
    def sort(self, key: SortKey, descending: bool) -> None:
        self.other.listing.sort_by(key, descending, at(self.clock))
        self.other.exact = not self.other.listing.query.uses_time

    @rule(query=filters())
    def filter(self, query: JobFilter) -> None:
        self.other.listing.filter_by(query, at(self.clock))
        self.other.exact = self.other.listing.key not in LIVE_KEYS

    @rule(word=st.sampled_from(["d", "de", "del", "delays"]))
    def type_word(self, word: str) -> None:
        self.other.listing.filter_by(JobFilter(words=(word,)), at(self.clock))
        self.other.exact = self.other.listing.key not in LIVE_KEYS

    @rule(later=st.sampled_from([0.0, 0.25, 7.0, 50.0]))
    def resort(self, later: float) -> None:
        self._pass(later)
        for watched in self.watched:
            watched.update(NO_CHANGES, watched.content(), at(self.clock), resort=True)

    def _tell(self, at_once: bool) -> None:
        if at_once and self.client_seq is not None and self.snapshot is None:
            self.send_delta()

    def _pass(self, seconds: float) -> None:
        self.clock += seconds
        for watched in self.watched:
            watched.exact = watched.exact and not watched.lazy

    def _apply(self, event: Snapshot | Delta | ProgressFrame) -> None:
        mirror, now = self.mirror, at(self.clock)
        before = self.plain.jobs()
        records = dict(self.plain.records)
        slots = {job_id: mirror.slot(job_id) for job_id in before}
        places = {job_id: place for place, job_id in enumerate(self.plain.line())}
        contents = [watched.content() for watched in self.watched]
        changes = mirror.apply(event)
        self.plain.apply(event)
        after = self.plain.jobs()
        ids = mirror.ids_by_slot
        assert {ids[slot] for slot in changes.added} == after.keys() - before.keys()
        assert {ids[slot] for slot in changes.removed} == before.keys() - after.keys()
        both = before.keys() & after.keys()
        updated = {one for one in both if self.plain.records[one] != records[one]}
        assert {ids[slot] for slot in changes.updated} == updated
        progressed = {one for one in both - updated if after[one] != before[one]}
        assert {ids[slot] for slot in changes.progressed} == progressed
        stood = {job_id: place for place, job_id in enumerate(self.plain.line())}
        shifted = {one for one, place in stood.items() if places.get(one, place) != place}
        assert {ids[slot] for slot in changes.shifted} == shifted
        groups = (changes.added, changes.updated, changes.progressed, changes.removed)
        every = [slot for group in groups for slot in group]
        assert len(set(every)) == len(every)
        for slot in changes.removed:
            assert mirror.record(slot) == records[ids[slot]]
        assert changes.reset is (isinstance(event, Snapshot) and event.offset == 0 and not before)
        for job_id in both:
            assert mirror.slot(job_id) == slots[job_id]
        for watched, content in zip(self.watched, contents, strict=True):
            watched.update(changes, content, now)

    @invariant()
    def agrees(self) -> None:
        mirror, plain = self.mirror, self.plain
        expected = plain.jobs()
        assert set(mirror.ids()) == expected.keys()
        assert len(mirror) == len(expected)
        assert set(mirror.slots()) == {mirror.slot(job_id) for job_id in expected}
        for job_id, newest in expected.items():
            slot = mirror.slot(job_id)
            assert slot is not None
            assert mirror.record(slot) == plain.records[job_id]
            assert mirror.job(slot) == newest
        states = [record.state for record in plain.records.values()]
        assert mirror.counts == {state: states.count(state) for state in JobState}
        line = {job_id: place for place, job_id in enumerate(plain.line(), 1)}
        for job_id in expected:
            slot = mirror.slot(job_id)
            assert slot is not None
            assert mirror.place_in_line(slot) == line.get(job_id)
        assert mirror.loading is plain.loading
        assert mirror.seq == plain.seq

    @invariant()
    def shows_what_it_should(self) -> None:
        assert self.newest.exact
        assert self.named.exact
        for watched in self.watched:
            watched.check(self.plain, at(self.clock))

    @invariant()
    def is_the_server_s_once_told_everything(self) -> None:
        if self.snapshot is None and self.client_seq == self.server.seq:
            assert self.plain.records == self.server.jobs

    def teardown(self) -> None:
        if not hasattr(self, "server"):
            return
        if self.client_seq is None and self.snapshot is None:
            self.begin_snapshot()
        while self.snapshot is not None:
            self.send_chunk()
        self.send_delta()
        assert self.plain.records == self.server.jobs
        for watched in self.watched:
            watched.update(NO_CHANGES, watched.content(), at(self.clock), resort=True)
            watched.check(self.plain, at(self.clock))
            anew = JobListing(self.mirror)
            anew.filter_by(watched.listing.query, at(self.clock))
            anew.sort_by(watched.listing.key, watched.listing.descending, at(self.clock))
            assert np.array_equal(anew.order, watched.listing.order)


TestFeeds = Feeds.TestCase
TestFeeds.settings = settings(
    max_examples=25,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
