"""Another server is added, tried, switched to and left, while jobs of the one before go on."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QCheckBox, QLabel, QLineEdit, QPushButton

from longwatch.client.address import Address
from longwatch.client.feed import Disconnected, FeedFollower
from longwatch.protocol.jobs import JobState
from longwatch_desktop.program import Program
from longwatch_desktop.servers.button import ServerButton
from longwatch_desktop.servers.dialog import ServerDialog
from longwatch_desktop.servers.probing import fingerprint
from longwatch_desktop.servers.profiles import FILE, Place, Profile, ProfileStore
from longwatch_desktop.session import Link
from longwatch_desktop.theme import Theme
from support.servers import ENDLESS, serving
from support.tls import make_certificate, tls_before
from support.waiting import eventually
from support.windows import child, named, open_box, program


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Address]:
    """A server that is not the window's own."""
    with serving(tmp_path_factory.mktemp("team")) as (_, where):
        yield where


@pytest.fixture
async def given(theme: Theme, tmp_path: Path) -> AsyncIterator[Program]:
    async with program(tmp_path / "data", theme) as running:
        await eventually(lambda: running.session.connected)
        yield running


def open_dialog(given: Program) -> ServerDialog:
    shown = [one for one in given.window.findChildren(ServerDialog) if one.isVisible()]
    assert len(shown) == 1
    return shown[0]


def type_in(dialog: ServerDialog, **texts: str) -> None:
    for name, text in texts.items():
        box = named(dialog, QLineEdit, name)
        box.clear()
        QTest.keyClicks(box, text)


def press(dialog: ServerDialog, name: str) -> None:
    QTest.mouseClick(named(dialog, QPushButton, name), Qt.MouseButton.LeftButton)


async def add(given: Program, address: Address, name: str = "Team") -> None:
    """Add a server as a person does."""
    given.window.servers.add()
    dialog = open_dialog(given)
    type_in(dialog, Name=name, Address=address.url, Token=address.token)
    press(dialog, "Save")
    await eventually(lambda: given.session.connected and given.session.address == address)


async def test_switching(given: Program, team: Address) -> None:
    here = given.session.address
    job = await given.session.submit(ENDLESS, source=None, name="Mine")
    await eventually(lambda: given.session.mirror.slot(job.id) is not None)
    await add(given, team)
    await eventually(lambda: given.session.mirror.slot(job.id) is None)
    await eventually(lambda: given.session.saved_queries)
    button = child(given.window, ServerButton)
    assert button.text() == "Team"
    assert button.accessibleName() == "Server: Team, connected"
    assert "no keyring" in given.window.notice.text
    assert team.label in given.window.connection.text
    theirs = await given.session.submit("select 1", source=None, name="Theirs")
    await eventually(lambda: given.session.mirror.slot(theirs.id) is not None)
    given.window.servers.choose(None)
    await eventually(lambda: given.session.connected and given.session.address == here)
    await eventually(lambda: given.session.mirror.slot(job.id) is not None)
    assert given.session.mirror.slot(theirs.id) is None
    assert given.session.mirror.counts[JobState.RUNNING] == 1, "it went on"
    assert button.text() == "This computer"
    await given.session.cancel(job.id)
    await eventually(lambda: not given.session.mirror.counts[JobState.RUNNING])


async def test_trying_a_server(given: Program, team: Address) -> None:
    given.window.servers.add()
    dialog = open_dialog(given)
    assert not named(dialog, QPushButton, "Test").isEnabled(), "nothing is typed yet"
    type_in(dialog, Address=team.url, Token="wrong")
    press(dialog, "Test")
    await eventually(lambda: dialog.said == "The server answers, but this is not its token.")
    type_in(dialog, Token=team.token)
    assert dialog.said == "", "that was about another token"
    press(dialog, "Test")
    await eventually(lambda: dialog.said.startswith("Longwatch "))
    type_in(dialog, Address="http://127.0.0.1:9")
    press(dialog, "Test")
    await eventually(lambda: "does not answer" in dialog.said)
    type_in(dialog, Address="nonsense")
    press(dialog, "Test")
    assert "looks like https://" in dialog.said
    dialog.reject()
    assert given.window.servers.profiles == []


async def test_the_server_of_last_time(theme: Theme, team: Address, tmp_path: Path) -> None:
    async with program(tmp_path / "data", theme) as first:
        await eventually(lambda: first.session.connected)
        await add(first, team)
    async with program(tmp_path / "data", theme) as second:
        await eventually(lambda: second.session.connected)
        assert second.session.address == team
        assert not second.server.is_ours, "nobody wanted that yet"
        second.window.servers.choose(None)
        await eventually(lambda: second.session.connected and second.server.is_ours)


async def test_changing_and_removing(given: Program, team: Address) -> None:
    await add(given, team)
    given.window.servers.edit()
    await eventually(
        lambda: any(one.isVisible() for one in given.window.findChildren(ServerDialog))
    )
    dialog = open_dialog(given)
    assert named(dialog, QLineEdit, "Token").text() == team.token
    type_in(dialog, Name="Renamed")
    press(dialog, "Save")
    await eventually(lambda: given.window.servers.title == "Renamed")
    assert len(given.window.servers.profiles) == 1
    given.window.servers.remove()
    QTest.mouseClick(
        named(open_box(given.window), QPushButton, "Remove"), Qt.MouseButton.LeftButton
    )
    await eventually(lambda: given.window.servers.current is None)
    assert given.window.servers.profiles == []
    await eventually(lambda: given.session.connected)


async def test_quitting_asks_for_the_jobs_left_behind(given: Program, team: Address) -> None:
    await given.session.submit(ENDLESS, source=None, name="Mine")
    await add(given, team)
    given.window.close()
    await eventually(lambda: "1 query" in _box_text(given))
    box = open_box(given.window)
    QTest.mouseClick(named(box, QPushButton, "Cancel it and quit"), Qt.MouseButton.LeftButton)


def _box_text(given: Program) -> str:
    try:
        return open_box(given.window).text()
    except AssertionError:
        return ""


async def test_a_certificate_is_trusted_once_and_for_itself(
    given: Program, team: Address, tmp_path: Path
) -> None:
    first, other = (make_certificate(tmp_path, name) for name in ("first", "other"))
    with tls_before(team, first) as front:
        given.window.servers.add()
        dialog = open_dialog(given)
        type_in(dialog, Name="Team", Address=front.address.url, Token=team.token)
        press(dialog, "Test")
        await eventually(lambda: "does not trust" in dialog.said)
        shown = named(dialog, QLabel, "Fingerprint").text()
        pem = first.read_text()
        assert shown == fingerprint(pem[pem.index("-----BEGIN CERTIFICATE") :])
        named(dialog, QCheckBox, "They are the same: trust this certificate, and no other").click()
        await eventually(lambda: dialog.said.startswith("Longwatch "))
        press(dialog, "Save")
        await eventually(lambda: given.session.connected)
        await eventually(lambda: given.session.address and given.session.address.is_encrypted)
        await eventually(lambda: given.session.saved_queries)
        front.show(other)
        await eventually(lambda: given.session.health.link is Link.RECONNECTING)
        await eventually(lambda: "another certificate" in given.session.health.reason)
        front.show(first)
        given.session.retry_now()
        await eventually(lambda: given.session.connected)
        given.window.servers.choose(None)
        await eventually(lambda: given.session.connected and given.server.is_ours)


def test_a_token_in_a_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    store = ProfileStore(tmp_path / "new")
    profile = Profile(name="Team", url="https://team.example")
    assert store.keep(profile, "secret") is Place.FILE
    assert stat.S_IMODE((tmp_path / "new" / FILE).stat().st_mode) == 0o600
    assert ProfileStore(tmp_path / "new").token(profile) == "secret"
    store.remove(profile)
    assert store.all() == []
    assert "secret" not in (tmp_path / "new" / FILE).read_text()


class _Memory(KeyringBackend):
    """A keyring that is open."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


def test_a_token_in_the_keyring_is_in_no_file(tmp_path: Path) -> None:
    before, memory = keyring.get_keyring(), _Memory()
    keyring.set_keyring(memory)
    try:
        store = ProfileStore(tmp_path)
        profile = Profile(name="Team", url="https://team.example")
        assert store.keep(profile, "secret") is Place.KEYRING
        assert "secret" not in (tmp_path / FILE).read_text()
        assert store.token(profile) == "secret"
        store.remove(profile)
        assert memory.kept == {}
    finally:
        keyring.set_keyring(before)


async def test_a_broken_list_is_told(theme: Theme, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / FILE).write_text("{")
    async with program(tmp_path / "data", theme) as given:
        await eventually(lambda: given.session.connected)
        assert "cannot be read" in given.window.notice.text


async def test_a_certificate_that_is_none_is_told(
    theme: Theme, team: Address, tmp_path: Path
) -> None:
    kept = Profile(name="Team", url="https://127.0.0.1:9", certificate="none, \xfc")
    ProfileStore(tmp_path / "data").keep(kept, team.token)
    async with program(tmp_path / "data", theme) as given:
        await eventually(lambda: given.session.connected)
        given.window.servers.choose(kept)
        await eventually(lambda: given.session.health.link is Link.FAILED)
        assert "certificate kept for" in given.window.notice.text
        given.window.servers.choose(None)
        await eventually(lambda: given.session.connected)


async def test_a_certificate_that_has_expired_is_no_other(
    given: Program, team: Address, tmp_path: Path
) -> None:
    old = make_certificate(tmp_path, "old", days=-1)
    pem = old.read_text()
    with tls_before(team, old) as front:
        where = Address.parse(
            front.address.url, team.token, pem[pem.index("-----BEGIN CERTIFICATE") :]
        )
        async for event in FeedFollower(where).events():
            assert isinstance(event, Disconnected)
            assert "has expired" in event.reason
            break


async def test_trust_can_be_taken_back(given: Program, team: Address, tmp_path: Path) -> None:
    with tls_before(team, make_certificate(tmp_path, "first")) as front:
        given.window.servers.add()
        dialog = open_dialog(given)
        type_in(dialog, Name="Team", Address=front.address.url, Token=team.token)
        press(dialog, "Test")
        await eventually(lambda: "does not trust" in dialog.said)
        trust = named(dialog, QCheckBox, "They are the same: trust this certificate, and no other")
        trust.click()
        trust.click()
        kept: list[Profile] = []
        dialog.given.connect(lambda profile, _token: kept.append(profile))
        press(dialog, "Save")
        assert [one.certificate for one in kept] == [""]
        given.window.servers.choose(None)


async def test_a_dialog_that_is_closed_during_a_test(
    given: Program, team: Address, caplog: pytest.LogCaptureFixture
) -> None:
    given.window.servers.add()
    dialog = open_dialog(given)
    type_in(dialog, Address=team.url, Token=team.token)
    press(dialog, "Test")
    press(dialog, "Cancel")
    await asyncio.sleep(0.5)
    assert given.window.notice.text == ""
    assert "already deleted" not in caplog.text
