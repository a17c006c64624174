"""A job that waits here is run by another server: never two that run, never none."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from PySide6.QtWidgets import QComboBox, QPushButton

from longwatch.client.address import Address
from longwatch.client.api import AsyncClient
from longwatch.protocol.jobs import Job, JobFilter, JobState, JobSummary, Submission
from longwatch_desktop.jobs import moving
from longwatch_desktop.jobs.move_dialog import MoveDialog
from longwatch_desktop.jobs.moves import Move, Moves
from longwatch_desktop.jobs.moving import _Way
from longwatch_desktop.program import Program
from longwatch_desktop.servers.profiles import Profile, ProfileStore
from longwatch_desktop.theme import Theme
from support.proxies import Harm, Proxy
from support.servers import ENDLESS, serving
from support.waiting import eventually
from support.windows import named, program

TEAM = "Team & friends"


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Address]:
    """A server that is not the window's own."""
    with serving(tmp_path_factory.mktemp("team"), warm_spare=False) as (_, where):
        yield where


@pytest.fixture
def folder(tmp_path: Path, team: Address) -> Path:
    """A data folder that knows the other server, runs one job at a time and has a source of its
    own."""
    (tmp_path / "csv").mkdir()
    (tmp_path / "csv" / "t.csv").write_text("n\n1\n")
    folder = tmp_path / "data"
    profile = Profile(id="team", name=TEAM, url=team.url)
    folder.mkdir()
    ProfileStore(folder).keep(profile, team.token)
    (folder / "config.toml").write_text(
        f'max_running = 1\n[sources.own]\ntitle = "Mine"\npath = "{tmp_path / "csv"}"\n'
    )
    return folder


@pytest.fixture
async def given(theme: Theme, folder: Path) -> AsyncIterator[Program]:
    async with program(folder, theme) as running:
        await eventually(lambda: running.session.connected and running.session.sources)
        yield running
        running.window.control.cancel(jobs_of(running))
        await eventually(lambda: all(job.state.is_final for job in jobs_of(running)))


def jobs_of(given: Program) -> list[JobSummary]:
    model = given.window.model
    return [model.job(row) for row in range(model.rowCount())]


def job_of(given: Program, job_id: str) -> JobSummary:
    slot = given.session.mirror.slot(job_id)
    assert slot is not None
    return given.session.mirror.job(slot)


async def waiting(given: Program, name: str, source: str | None = None) -> tuple[Job, Job]:
    """A job that runs, and one called `name` that waits for it and is selected."""
    client = given.session.client()
    first = await client.submit(Submission(sql=ENDLESS))
    await eventually(
        lambda: (
            given.session.mirror.slot(first.id) is not None
            and job_of(given, first.id).state is JobState.RUNNING
        )
    )
    second = await client.submit(
        Submission(
            sql="select :n + 1 as n", name=name, priority=7, parameters={"n": 41}, source=source
        )
    )
    await eventually(lambda: given.window.table.select_job(second.id))
    return first, second


def choose(given: Program, title: str) -> None:
    """Open the submenu as the mouse does, and choose a server."""
    menu = given.window.actions_.move
    assert menu.isEnabled()
    menu.aboutToShow.emit()
    (action,) = [one for one in menu.actions() if one.text() == title]
    action.trigger()


async def there(team: Address, name: str) -> list[Job]:
    async with AsyncClient(team) as client:
        page = await client.jobs(JobFilter(words=(name,)))
        return [await client.job(one.id) for one in page.jobs if one.name == name]


async def test_what_waits_here_is_run_there(given: Program, team: Address) -> None:
    first, second = await waiting(given, "Moved")
    choose(given, "Team && friends…")
    await eventually(lambda: given.window.notice.text == f"Moved was moved to {TEAM}.")
    (moved,) = await there(team, "Moved")
    assert (moved.sql, moved.priority, moved.parameters) == (
        second.sql,
        second.priority,
        second.parameters,
    )
    await eventually(lambda: job_of(given, second.id).state is JobState.CANCELLED)
    story = await given.session.client().events(second.id)
    assert story[-1].detail == f"moved to {TEAM}"
    assert job_of(given, first.id).state is JobState.RUNNING
    assert Moves(given.window.settings).all() == []
    given.window.table.select_job(first.id)
    assert not given.window.actions_.move.isEnabled(), "it does not wait"


async def test_another_source_is_asked_for(given: Program, team: Address) -> None:
    _, second = await waiting(given, "On mine", "own")
    choose(given, "Team && friends…")
    dialog = await eventually(lambda: given.window.findChild(MoveDialog))
    box = named(dialog, QComboBox, "Mine")
    assert box.count() == 1
    dialog.reject()
    await eventually(lambda: given.window.findChild(MoveDialog) is None)
    assert job_of(given, second.id).state is JobState.QUEUED, "nothing was moved"
    choose(given, "Team && friends…")
    dialog = await eventually(lambda: given.window.findChild(MoveDialog))
    named(dialog, QPushButton, "Move").click()
    await eventually(lambda: "was moved" in given.window.notice.text)
    (moved,) = await there(team, "On mine")
    assert moved.source == "sample"


async def test_what_has_begun_meanwhile_stays(given: Program, team: Address) -> None:
    first, second = await waiting(given, "Quick")
    seen = job_of(given, second.id)
    await given.session.cancel(first.id)
    await eventually(lambda: job_of(given, second.id).state is JobState.SUCCEEDED)
    desk = given.window.move_desk
    profile = given.window.servers.profile("team")
    await desk._move_all([seen], _Way(None, profile), {})
    assert given.window.notice.text.startswith("Quick was not moved: ")
    assert await there(team, "Quick") == []
    assert Moves(given.window.settings).all() == []


async def test_a_server_that_does_not_answer_changes_nothing(given: Program, folder: Path) -> None:
    _, second = await waiting(given, "Stays")
    gone = Profile(id="gone", name="Gone", url="http://127.0.0.1:9")
    ProfileStore(folder).keep(gone, "a-token-of-no-use")
    await given.window.servers.load()
    choose(given, "Gone…")
    await eventually(lambda: "does not answer" in given.window.notice.text)
    desk = given.window.move_desk
    await desk._move_all([job_of(given, second.id)], _Way(None, gone), {})
    assert given.window.notice.text.startswith("Stays was not moved: ")
    assert job_of(given, second.id).state is JobState.QUEUED
    assert Moves(given.window.settings).all() == []


@pytest.mark.slow
async def test_a_move_that_a_crash_broke_off_is_finished_by_the_next_start(
    theme: Theme, folder: Path, team: Address
) -> None:
    """Invariant: the job is there once, whatever had been done before."""
    async with program(folder, theme) as before:
        await eventually(lambda: before.session.connected and before.session.sources)
        first, second = await waiting(before, "Broken off")
        move = Move(
            job_id=second.id, name=second.name, origin="", target="team", to=TEAM, source="sample"
        )
        Moves(before.window.settings).keep(move)
        # As if it had died between the two steps.
        await before.session.client().cancel(second.id, only_queued=True, reason=f"moved to {TEAM}")
        await before.session.cancel(first.id)
        await eventually(lambda: job_of(before, first.id).state.is_final)
    assert await there(team, "Broken off") == []
    for _ in range(2):
        async with program(folder, theme) as after:
            await eventually(lambda: after.session.connected)
            await eventually(lambda: Moves(after.window.settings).all() == [])
            assert len(await there(team, "Broken off")) == 1
            Moves(after.window.settings).keep(move)  # as if it had died before it was forgotten


async def test_what_is_gone_is_not_looked_for_for_ever(given: Program) -> None:
    desk, moves = given.window.move_desk, Moves(given.window.settings)
    for origin, target in (("", "nobody"), ("", "team")):
        one = Move(
            job_id="a" * 16, name="Gone", origin=origin, target=target, to=TEAM, source="sample"
        )
        assert not await desk._carry_out(one)
        assert given.window.notice.text.startswith("It is not known whether Gone was moved to")
        assert moves.all() == []


class _Refusing(random.Random):
    """Chooses to refuse every connection."""

    def choice(self, seq: Any) -> Any:
        return Harm.REFUSE


@pytest.mark.slow  # the client tries for some seconds by itself
async def test_a_job_on_its_way_is_tried_again_until_it_is_there(
    given: Program, folder: Path, team: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moving, "AGAIN_S", 0.1)
    first, second = await waiting(given, "On its way")
    seen = job_of(given, second.id)
    async with Proxy(urlsplit(team.url).port or 0, _Refusing()) as before:
        behind = Profile(id="behind", name="Behind", url=f"http://127.0.0.1:{before.port}")
        ProfileStore(folder).keep(behind, team.token)
        await given.window.servers.load()
        # As if the network had gone after the job was taken out here.
        await given.session.client().cancel(second.id, only_queued=True, reason="moved to Behind")
        desk = given.window.move_desk
        trying = asyncio.create_task(desk._move_all([seen], _Way(None, behind), {}))
        await eventually(lambda: "is on its way to Behind" in given.window.notice.text)
        assert [one.job_id for one in Moves(given.window.settings).all()] == [second.id]
        before.calm()
        await trying
        assert given.window.notice.text == "On its way was moved to Behind."
        assert len(await there(team, "On its way")) == 1
        assert Moves(given.window.settings).all() == []
        assert job_of(given, first.id).state is JobState.RUNNING
