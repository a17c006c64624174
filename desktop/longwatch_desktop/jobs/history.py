"""`JobHistory`: jobs that are older than those the feed brings, asked for as they are wanted."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal

from longwatch.client.errors import LongwatchClientError
from longwatch.protocol import jobs as protocol
from longwatch.protocol.jobs import JobPage, JobState
from longwatch.protocol.routes import MAX_LIST_PAGE
from longwatch_desktop import words
from longwatch_desktop.jobs.model import JobTableModel
from longwatch_desktop.mirror.asking import Asked
from longwatch_desktop.mirror.jobs import Changes
from longwatch_desktop.mirror.listing import SortKey
from longwatch_desktop.mirror.query import JobFilter
from longwatch_desktop.mirror.text import counted_matches
from longwatch_desktop.session import Session
from longwatch_desktop.tasks import Tasks
from longwatch_desktop.translation import tr

MOST_ROWS: Final = 100_000
"""Jobs that are kept here at most: 1 KB each. Whoever wants others narrows the filter."""
PAGES_AT_ONCE: Final = 10
"""Pages that are looked through without a match before somebody has to ask for more."""
TYPED_MS: Final = 300
"""A filter is asked about once typing has stopped: among a million jobs it takes the server a
second to look for words."""
COUNT_MS: Final = 3_000
ALL: Final = JobFilter()


class JobHistory(QObject):
    """Follows the filter of a table and loads what it shows of the server's older jobs.

    Without a filter, pages go on below the newest jobs, and stay. With one, the server is asked
    for what matches, and the jobs that come are let go once the filter is another.
    """

    changed = Signal()
    """What is known of the history, or being done about it."""

    def __init__(self, session: Session, model: JobTableModel, parent: QObject) -> None:
        super().__init__(parent)
        self._session = session
        self._model = model
        self._query = ALL
        self._asked: Asked | None = None
        self._cursor: str | None = None
        self._begun = False
        self._matches: int | None = None
        self._looked = 0
        self._tired = False
        self._scattered: set[str] = set()
        self._rest = dict.fromkeys(JobState, 0)
        self._mine: int | None = None
        self._generation = 0
        self._task: asyncio.Task[object] | None = None
        self.failure = ""
        """Why the last page did not come, as a sentence."""
        self._tasks = Tasks(self._failed)
        self._typed = QTimer(self, interval=TYPED_MS, singleShot=True)
        self._typed.timeout.connect(self.load)
        self._count = QTimer(self, interval=COUNT_MS, singleShot=True)
        self._count.timeout.connect(self._ask_counts)
        model.may_fetch = self._may_fetch
        model.more_wanted.connect(self.load)
        session.health_changed.connect(lambda _health: self._look())

    # What is known

    @property
    def is_whole(self) -> bool:
        """Whether every job of the server is here."""
        return self._session.mirror.older is None

    @property
    def is_loading(self) -> bool:
        """Whether a page is on its way."""
        return self._task is not None or self._typed.isActive()

    @property
    def counts(self) -> Mapping[JobState, int]:
        """How many jobs the server has of each state."""
        here = self._session.mirror.counts
        if self.is_whole:
            return here
        return {state: count + max(0, self._rest[state]) for state, count in here.items()}

    @property
    def mine(self) -> int | None:
        """How many are this user's own; `None` while there are no others."""
        columns, user = self._session.mirror.columns, self._session.user
        if len(columns.owners) < 2 or not user:
            return None
        owners = columns.owner[columns.state >= 0]
        numbers = np.bincount(owners, minlength=len(columns.owners))
        own = int(numbers[columns.owners[user]]) if user in columns.owners else 0
        if own == len(owners) and self.is_whole:
            return None
        return own if self.is_whole else max(own, self._mine or 0)

    @property
    def matches(self) -> int:
        """How many jobs match the filter, as far as is known."""
        return max(len(self._model.listing), self._matches or 0)

    @property
    def can_load(self) -> bool:
        """Whether there is more to ask for."""
        return (
            self._session.connected
            and not self._session.mirror.loading
            and not self._is_full
            and self._has_more
        )

    @property
    def story(self) -> str:
        """What is shown of what there is; empty when it is all of it."""
        total = sum(self.counts.values())
        if self.is_whole or not total:
            return ""
        shown = words.count(len(self._model.listing))
        if self._query == ALL:
            text = tr("Showing {shown} of %n job(s)", "", total).format(shown=shown)
        elif not self._has_more:
            return ""
        elif not self._begun:
            text = tr("Older jobs are searched") if self.is_loading else ""
        elif self._matches is not None:
            one = self._matches == 1
            text = (
                tr("Showing {shown} of 1 match") if one
                else tr("Showing {shown} of %n matches", "", self._matches)
            ).format(shown=shown)  # fmt: skip
        else:
            seen = max(self._looked, len(self._session.mirror) - len(self._scattered))
            seen = min(seen, total)
            text = tr("{matches} among the newest {seen} of %n job(s)", "", total).format(
                matches=counted_matches(len(self._model.listing)), seen=words.count(seen)
            )
        if self.failure:
            text = text or tr("Older jobs are missing")
            return f"{text}. {self.failure}"
        if self._is_full:
            return tr("{story}. Filter them to find older ones.").format(story=text)
        return text

    @property
    def offer(self) -> str:
        """What a button would do about it; empty for nothing."""
        if not self.story or self.is_loading or not self.can_load:
            return ""
        if self.failure:
            return tr("Try again")
        known = self._query == ALL or self._matches is not None
        return tr("Load older") if known else tr("Search older")

    # What is done

    def filter_by(self, query: JobFilter) -> None:
        """The table shows what matches `query` from now on."""
        if query == self._query:
            return
        self._query = query
        self._let_go()
        self._begin()

    def follow(self, changes: Changes) -> None:
        """The mirror has changed, and the table with it."""
        mirror = self._session.mirror
        if mirror.loading:
            return
        if mirror.generation != self._generation:
            self._generation = mirror.generation
            self._rest = dict.fromkeys(JobState, 0)
            self._mine = None
            self._scattered.clear()
            self._begin()
        if self.is_whole:
            return
        if changes.history:
            for slots, more in ((changes.added, -1), (changes.removed, 1)):
                for slot in slots:
                    self._rest[mirror.record(slot).state] += more
        elif not changes.progressed and not self._count.isActive():
            # At once after a snapshot, then now and then: each time costs the server 5 ms for
            # 100,000 jobs.
            self._count.start(0 if not any(self._rest.values()) else COUNT_MS)

    def load(self) -> None:
        """Ask for the next page, or for the one that did not come once more."""
        if self._task is not None or not self.can_load:
            return
        self._typed.stop()
        self.failure = ""
        self._tired = False
        self._task = self._tasks.start(self._load(), name="older-jobs")
        self.changed.emit()

    async def stop(self) -> None:
        """Let go of what is being asked."""
        self._typed.stop()
        self._count.stop()
        await self._tasks.close()

    @property
    def _is_full(self) -> bool:
        return len(self._session.mirror) >= MOST_ROWS

    @property
    def _has_more(self) -> bool:
        if self.is_whole:
            return False
        if self._query == ALL:
            return True
        return self._asked is not None and (not self._begun or self._cursor is not None)

    def _may_fetch(self) -> bool:
        """Whether reaching the end of the table brings more. In another order the end is no end:
        older jobs would come in above it, and the table ask for ever more."""
        listing = self._model.listing
        newest_first = listing.key is SortKey.SUBMITTED and listing.descending
        idle = not (self.is_loading or self.failure or self._tired)
        return newest_first and idle and self.can_load

    def _begin(self) -> None:
        """Nothing has been asked for the sake of this filter yet."""
        if self._task is not None:
            self._task.cancel()
            self._task = None
        self._cursor, self._begun, self._tired, self.failure = None, False, False, ""
        self._matches, self._looked = None, 0
        self._asked = None
        if self._query != ALL and not self.is_whole:
            self._asked = self._session.asked(self._query)
        if self._asked is not None:
            self._typed.start()
        else:
            self._typed.stop()
        self.changed.emit()

    def _look(self) -> None:
        """What did not come because the connection was lost comes now."""
        if self._session.connected and (
            self.failure or (self._asked is not None and not self._begun)
        ):
            self.load()
        else:
            self.changed.emit()

    async def _load(self) -> None:
        pages = 0
        try:
            while self._has_more and pages < PAGES_AT_ONCE:
                shown = len(self._model.listing)
                if not await self._page() or len(self._model.listing) > shown:
                    break
                pages += 1
        except LongwatchClientError as error:
            self.failure = tr("Older ones could not be loaded: {error}").format(error=error)
        self._tired = pages == PAGES_AT_ONCE
        self._task = None
        self.changed.emit()

    async def _page(self) -> bool:
        """One page; false when it came too late."""
        mirror, query, question = self._session.mirror, self._query, self._asked
        everything = query == ALL or question is None
        which = protocol.JobFilter() if question is None else question.which
        # The server looks through all of the SQL, of which there is only the start here: it may
        # find words among the newest jobs too.
        below = everything or not query.words
        cursor = self._cursor if self._begun else mirror.older if below else None
        expected = mirror.expect()
        try:
            client = self._session.client()
            page = await client.jobs(which, cursor=cursor, limit=MAX_LIST_PAGE)
        finally:
            mirror.dismiss(expected)
        jobs = page.jobs
        if question is not None and not question.exact:
            now = self._session.clock()
            jobs = [job for job in jobs if job.id in mirror or question.left.matches(job, now)]
        found = question is not None and question.has_words
        changes = mirror.take(expected, jobs, found=found)
        if changes is None:
            return False
        self._note(page, everything=everything)
        if not everything:
            self._scattered.update(mirror.record(slot).id for slot in changes.added)
        self._session.jobs_changed.emit(changes)
        return True

    def _note(self, page: JobPage, *, everything: bool) -> None:
        """Where the next page begins, and what is known of the rest."""
        if everything:
            self._session.mirror.older = page.next
            self._scattered.difference_update(job.id for job in page.jobs)
            return
        self._begun, self._cursor = True, page.next
        self._looked += len(page.jobs)
        if self._asked is not None and self._asked.exact:
            self._matches = page.total

    def _let_go(self) -> None:
        """Forget the jobs that came for the sake of a filter, unless this one shows them too:
        without it they would stand in the list as if nothing were missing between them."""
        mirror, listing = self._session.mirror, self._model.listing
        slots = {job_id: mirror.slot(job_id) for job_id in self._scattered}
        gone = {
            job_id: slot
            for job_id, slot in slots.items()
            if slot is not None and (self._query == ALL or listing.row_of(slot) < 0)
        }
        self._scattered = {job_id for job_id in slots if job_id not in gone}
        if gone:
            self._session.jobs_changed.emit(mirror.let_go(list(gone.values())))

    def _ask_counts(self) -> None:
        if self._session.connected and not self.is_whole:
            self._tasks.start(self._learn_counts(), name="count-jobs", failed=_nobody_asked)

    async def _learn_counts(self) -> None:
        client, mirror = self._session.client(), self._session.mirror
        generation = mirror.generation
        totals = (await client.jobs(limit=1)).totals
        user, mine = self._session.user, None
        if user and len(mirror.columns.owners) > 1:
            mine = sum((await client.jobs(protocol.JobFilter(owner=user), limit=1)).totals.values())
        if mirror.generation == generation:
            here = mirror.counts
            self._rest = {state: totals.get(state, 0) - here[state] for state in JobState}
            self._mine = mine
            self.changed.emit()

    def _failed(self, error: Exception) -> None:
        self._task = None
        raise error


def _nobody_asked(error: Exception) -> None:
    if not isinstance(error, LongwatchClientError):
        raise error
