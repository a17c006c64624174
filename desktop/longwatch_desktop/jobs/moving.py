"""Moves jobs that wait to other servers: never two that run, never none."""

from __future__ import annotations

import asyncio
import platform
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from PySide6.QtCore import QObject, QSettings
from PySide6.QtWidgets import QWidget

from longwatch.client.address import Address
from longwatch.client.api import AsyncClient
from longwatch.client.errors import LongwatchClientError
from longwatch.client.moving import NotMoved, is_on_its_way, move
from longwatch.protocol.jobs import JobState, JobSummary
from longwatch_desktop.actions import Actions
from longwatch_desktop.jobs.move_dialog import MoveDialog
from longwatch_desktop.jobs.moves import Move, Moves
from longwatch_desktop.jobs.view import JobTable
from longwatch_desktop.notice import NoticeBar
from longwatch_desktop.servers.control import HERE, ServerControl, ServerGone
from longwatch_desktop.servers.profiles import Profile
from longwatch_desktop.session import Session
from longwatch_desktop.tasks import Tasks, foreseen
from longwatch_desktop.translation import tr

AGAIN_S: Final = 5.0
AGAIN_MOST_S: Final = 60.0


class _Way(NamedTuple):
    """From where to where; `None` is this computer's server."""

    origin: Profile | None
    target: Profile | None


class MoveDesk(QObject):
    """What the submenu *Move to* does, and what is left of it from an earlier start.

    How a move goes is the client's (`longwatch.client.moving`). Here it is remembered, gone on with
    for as long as it may be half done, and told of.
    """

    def __init__(
        self,
        session: Session,
        servers: ServerControl,
        table: JobTable,
        actions: Actions,
        notice: NoticeBar,
        settings: QSettings,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._session = session
        self._servers = servers
        self._table = table
        self._menu = actions.move
        self._notice = notice
        self._window = window
        self._moves = Moves(settings)
        self._under_way: set[str] = set()
        self._resumed = False
        self._tasks = Tasks(foreseen(notice.say))
        self._menu.aboutToShow.connect(self._fill)
        servers.changed.connect(self._resume)

    async def stop(self) -> None:
        """Let go of what is under way; the next start goes on with it."""
        await self._tasks.close()

    def _fill(self) -> None:
        """Every server but the one that is looked at."""
        self._menu.clear()
        for profile in self._servers.others():
            name = self._title(profile).replace("&", "&&")
            action = self._menu.addAction(tr("{server}…").format(server=name))
            action.triggered.connect(lambda _on=False, profile=profile: self._begin(profile))
        if self._menu.isEmpty():
            self._menu.addAction(tr("No other server is known: add one first")).setEnabled(False)

    def _title(self, profile: Profile | None) -> str:
        return profile.name if profile is not None else tr(HERE)

    def _begin(self, target: Profile | None) -> None:
        jobs = [job for job in self._table.selected_jobs() if job.state is JobState.QUEUED]
        if jobs:
            way = _Way(self._servers.current, target)
            self._tasks.start(self._look_there(jobs, way), name="move")

    async def _look_there(self, jobs: Sequence[JobSummary], way: _Way) -> None:
        """Which sources the other server has, and which are to be asked about."""
        target = way.target
        async with AsyncClient(await self._servers.address_of(target)) as there:
            theirs = (await there.sources()).sources
        known = {source.name for source in theirs}
        titles = {source.name: source.title for source in self._session.sources}
        wanted = dict.fromkeys(job.source for job in jobs)
        missing = {name: titles.get(name, name) for name in wanted if name not in known}
        if not missing:
            await self._move_all(jobs, way, {})
        elif not theirs:
            said = tr("{server} has no sources: there is nothing to query there.")
            self._notice.say(said.format(server=self._title(target)))
        else:
            dialog = MoveDialog(self._window, self._title(target), missing, theirs)
            dialog.chosen.connect(
                lambda chosen: self._tasks.start(
                    self._move_all(jobs, way, chosen), name="move-jobs"
                )
            )
            dialog.open()

    async def _move_all(
        self, jobs: Sequence[JobSummary], way: _Way, chosen: Mapping[str, str]
    ) -> None:
        origin, target = way
        moves = [
            Move(
                job_id=job.id,
                name=job.name,
                origin=origin.id if origin is not None else "",
                target=target.id if target is not None else "",
                to=target.name if target is not None else platform.node(),
                source=chosen.get(job.source, job.source),
            )
            for job in jobs
            if job.id not in self._under_way
        ]
        moved = 0
        for one in moves:
            moved += await self._carry_out(one)
        if moves and moved == len(moves):
            self._tell_moved(moves, target)

    def _tell_moved(self, moves: Sequence[Move], target: Profile | None) -> None:
        server = self._title(target)
        said = (
            tr("{name} was moved to {server}.").format(name=moves[0].name, server=server)
            if len(moves) == 1
            else tr("%n jobs were moved to {server}.", "", len(moves)).format(server=server)
        )
        self._notice.tell(said, tr("Look there"), lambda: self._servers.choose(target))

    def _resume(self) -> None:
        """The list of servers is there: go on with what an earlier start left."""
        if self._resumed:
            return
        self._resumed = True
        for one in self._moves.all():
            self._tasks.start(self._finish(one), name="resume-move")

    async def _finish(self, one: Move) -> None:
        if await self._carry_out(one):
            self._tell_moved([one], self._servers.profile(one.target))

    async def _carry_out(self, one: Move) -> bool:
        """Move one job, however long that takes; whether it was. Why not is told. Whoever ends this
        leaves the rest to the next start."""
        self._under_way.add(one.job_id)
        self._moves.keep(one)
        try:
            refusal = await self._move(one)
        finally:
            self._under_way.discard(one.job_id)
        self._moves.forget(one)
        if refusal:
            self._notice.say(refusal)
        return not refusal

    async def _move(self, one: Move) -> str:
        """Try until it is known what became of the move: empty, or why it was none."""
        pause_s, told = AGAIN_S, ""
        not_moved = tr("{name} was not moved: {reason}")
        while not one.is_stale:
            try:
                await self._try(one)
            except ServerGone:
                break
            except NotMoved as error:
                return not_moved.format(name=one.name, reason=error)
            except LongwatchClientError as error:
                if await self._has_not_begun(one):
                    return not_moved.format(name=one.name, reason=error)
                said = tr("{name} is on its way to {server}, and is tried again: {reason}")
                said = said.format(name=one.name, server=one.to, reason=error)
                if said != told:
                    self._notice.say(said)
                told = said
            else:
                return ""
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, AGAIN_MOST_S)
        unknown = tr("It is not known whether {name} was moved to {server}. Look there, and run it "
                     "again if it is missing.")  # fmt: skip
        return unknown.format(name=one.name, server=one.to)

    async def _try(self, one: Move) -> None:
        here = await self._address(one.origin)
        there = await self._address(one.target)
        async with AsyncClient(here) as ours, AsyncClient(there) as theirs:
            await move(ours, theirs, one.job_id, to=one.to, source=one.source)

    async def _has_not_begun(self, one: Move) -> bool:
        """Whether nothing was done to the job yet; false as well if nobody can say."""
        try:
            async with AsyncClient(await self._address(one.origin)) as ours:
                return not await is_on_its_way(ours, await ours.job(one.job_id), one.to)
        except LongwatchClientError:
            return False

    async def _address(self, profile_id: str) -> Address:
        return await self._servers.address_of(self._servers.profile(profile_id))
