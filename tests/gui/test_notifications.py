"""A job that ends unseen is told of once, whatever the connection did meanwhile."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from PySide6.QtCore import QSettings

from longwatch.protocol.jobs import JobState, JobSummary
from longwatch_desktop.notifications import Notifications, in_words
from longwatch_desktop.preferences import told_after_s
from support.servers import ENDLESS
from support.waiting import eventually
from support.windows import Desk
from unit.desktop.mirror.builders import at, job


@dataclass
class Heard:
    """Stands where the system's tray is, and remembers."""

    said: list[tuple[str, str, bool]] = field(default_factory=list)

    def show(self, title: str, text: str, *, bad: bool) -> None:
        self.said.append((title, text, bad))


@dataclass
class Listening:
    desk: Desk
    heard: Heard
    notifications: Notifications
    watched: bool = False

    async def ended(self, sql: str, name: str) -> str:
        """Run a query to its end; its id."""
        job = await self.desk.session.submit(sql, source=None, name=name)
        found = await self.desk.state(job.id, JobState.SUCCEEDED, JobState.FAILED)
        return found.id


@pytest.fixture
async def listening(desk: Desk) -> Listening:
    await desk.connected()
    heard = Heard()
    given: list[Listening] = []
    notifications = Notifications(desk.session, heard, lambda: given[0].watched, desk.window)
    notifications.least_s = 0.0
    given.append(Listening(desk, heard, notifications))
    return given[0]


async def test_one_job(listening: Listening) -> None:
    opened: list[str] = []
    listening.notifications.opened.connect(opened.append)
    job_id = await listening.ended("select 1 as one", "Short")
    await eventually(lambda: listening.heard.said)
    title, text, bad = listening.heard.said[0]
    assert title == "Done: Short"
    assert text.endswith(", 1 row.")
    assert not bad
    listening.notifications.click()
    assert opened == [job_id]


async def test_several_are_one_message(listening: Listening) -> None:
    for number in range(4):
        await listening.ended("select 1", f"Good {number}")
    await listening.ended("select nope", "Bad")
    heard = listening.heard
    await eventually(lambda: any(bad for _, _, bad in heard.said))
    assert len(heard.said) < 5, "a busy machine may take longer than one message waits"
    told = "\n".join(f"{title}\n{text}" for title, text, _ in heard.said)
    assert all(told.count(f"Good {number}") <= 1 for number in range(4)), "none twice"


def test_words() -> None:
    def ended(name: str, state: JobState) -> JobSummary:
        return job("a", state, name=name, started_at=at(0), finished_at=at(75), error=None)

    good = [ended(f"Good {number}", JobState.SUCCEEDED) for number in range(3)]
    bad = ended("Bad", JobState.FAILED)
    assert in_words(good[:1]) == ("Done: Good 0", "It took 1:15.")
    assert in_words([*good[:1], bad]) == (
        "2 queries ended, 1 of them badly",
        "Done: Good 0\nFailed: Bad",
    )
    assert in_words([*good, bad])[1].splitlines()[-1] == "and 1 more"


@pytest.mark.slow
async def test_nothing_is_said_of_what_was_seen_short_or_cancelled(listening: Listening) -> None:
    listening.watched = True
    await listening.ended("select 1", "Seen")
    listening.watched = False
    listening.notifications.least_s = 60.0
    await listening.ended("select 2", "Short")
    listening.notifications.least_s = None
    await listening.ended("select 3", "Switched off")
    listening.notifications.least_s = 0.0
    job = await listening.desk.session.submit(ENDLESS, source=None, name="Cancelled")
    await listening.desk.state(job.id, JobState.RUNNING)
    await listening.desk.session.cancel(job.id)
    await listening.desk.state(job.id, JobState.CANCELLED)
    await listening.ended("select 4", "Told")
    await eventually(lambda: listening.heard.said)
    assert [title for title, _, _ in listening.heard.said] == ["Done: Told"]


@pytest.mark.parametrize(("kept", "read"), [("nonsense", 10.0), ("-5", 0.0), ("1e9", 86_400.0)])
def test_settings_may_hold_anything(kept: str, read: float) -> None:
    settings = QSettings()
    settings.setValue("notifications/least_s", kept)
    try:
        assert told_after_s(settings) == read
    finally:
        settings.remove("notifications")
