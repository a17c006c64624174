"""Which servers there are, which one is looked at, and adding, changing and removing them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, QSettings, Qt, Signal
from PySide6.QtWidgets import QMessageBox, QWidget

from longwatch.client.address import Address
from longwatch.client.errors import LongwatchClientError
from longwatch_desktop.servers.dialog import ServerDialog
from longwatch_desktop.servers.profiles import Place, Profile, ProfileStore, ProfilesUnreadable
from longwatch_desktop.tasks import Tasks
from longwatch_desktop.theme import Theme
from longwatch_desktop.translation import QT_TR_NOOP, tr

HERE: Final = QT_TR_NOOP("This computer")
_CURRENT: Final = "servers/current"


class ServerGone(LongwatchClientError):
    """Somebody removed the server from the list."""


class ServerControl(QObject):
    """`chosen` tells that another server is to be looked at, `changed` that the list or what is
    `current` is another; `said` carries a sentence."""

    chosen = Signal()
    changed = Signal()
    said = Signal(str)
    told = Signal(str)
    """A sentence that is no bad news."""

    def __init__(
        self, window: QWidget, theme: Theme, settings: QSettings, folder: Path | None
    ) -> None:
        """Profiles are kept in `folder`; `None` for a window that keeps none."""
        super().__init__(window)
        self._window = window
        self._theme = theme
        self._settings = settings
        self._store = ProfileStore(folder) if folder is not None else None
        self.profiles: list[Profile] = []
        self.start_here: Callable[[], Awaitable[Address]] | None = None
        """Where this computer's server is, started if need be; `None` for a window without one."""
        self.current: Profile | None = None
        """The server that is looked at; `None` for the one on this computer."""
        self._tasks = Tasks(lambda error: self.said.emit(str(error)))

    @property
    def title(self) -> str:
        """What people call the current one."""
        return self.current.name if self.current else tr(HERE)

    async def load(self) -> None:
        """Read the list, and take up the server that was looked at last. Raises
        `ProfilesUnreadable`."""
        if self._store is None:
            return
        self.profiles = await asyncio.to_thread(self._store.all)
        last = self._settings.value(_CURRENT)
        self.current = next((one for one in self.profiles if one.id == last), None)
        self.changed.emit()

    async def address(self) -> Address:
        """Where the current server is; only asked while there is one. Raises
        `ProfilesUnreadable` and `InvalidAddress`."""
        assert self._store is not None
        assert self.current is not None
        return await asyncio.to_thread(self._store.address, self.current)

    def others(self) -> list[Profile | None]:
        """Every server but the current one; `None` for the one on this computer."""
        here: list[Profile | None] = [None] if self.start_here is not None else []
        return [one for one in [*here, *self.profiles] if one != self.current]

    def profile(self, profile_id: str) -> Profile | None:
        """The server of an id; `None` for an empty one, which is this computer's. Raises
        `ServerGone`."""
        if not profile_id:
            return None
        for one in self.profiles:
            if one.id == profile_id:
                return one
        raise ServerGone(tr("The server is not in the list any more."))

    async def address_of(self, profile: Profile | None) -> Address:
        """Where a server is; the one on this computer is started if need be. Raises
        `LongwatchClientError`."""
        try:
            if profile is not None:
                assert self._store is not None
                return await asyncio.to_thread(self._store.address, profile)
            if self.start_here is not None:
                return await self.start_here()
        except (ProfilesUnreadable, OSError) as error:
            raise LongwatchClientError(str(error)) from error
        raise LongwatchClientError(tr("This window has no server of its own."))

    def choose(self, profile: Profile | None) -> None:
        """Look at another server; `None` for the one on this computer."""
        if profile == self.current:
            return
        self.current = profile
        self._settings.setValue(_CURRENT, profile.id if profile else "")
        self.changed.emit()
        self.chosen.emit()

    def add(self) -> ServerDialog:
        """Ask for a server, keep it, and look at it."""
        return self._ask(None, "")

    def edit(self) -> None:
        """Change the current server."""
        if self.current is not None and self._store is not None:
            self._tasks.start(self._edit(self._store, self.current), name="edit-server")

    def remove(self) -> QMessageBox | None:
        """Forget the current server, after asking."""
        profile = self.current
        if profile is None:
            return None
        box = QMessageBox(self._window)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setWindowTitle(tr("Remove server?"))
        box.setTextFormat(Qt.TextFormat.PlainText)
        box.setText(tr("Remove {name} from the list?").format(name=profile.name))
        box.setInformativeText(tr("Its jobs go on, and nothing on it is deleted."))
        gone = box.addButton(tr("Remove"), QMessageBox.ButtonRole.DestructiveRole)
        box.addButton(QMessageBox.StandardButton.Cancel)
        gone.clicked.connect(lambda: self._tasks.start(self._remove(profile), name="remove-server"))
        box.open()
        return box

    async def stop(self) -> None:
        """Let go of what is under way."""
        await self._tasks.close()

    def _ask(self, profile: Profile | None, token: str) -> ServerDialog:
        dialog = ServerDialog(self._window, self._theme, profile, token)
        dialog.given.connect(
            lambda given, token: self._tasks.start(self._keep(given, token), name="keep-server")
        )
        dialog.open()
        return dialog

    async def _edit(self, store: ProfileStore, profile: Profile) -> None:
        token = await asyncio.to_thread(store.token, profile)
        self._ask(profile, token)

    async def _keep(self, profile: Profile, token: str) -> None:
        assert self._store is not None
        place = await asyncio.to_thread(self._store.keep, profile, token)
        self.profiles = await asyncio.to_thread(self._store.all)
        if place is Place.FILE:
            self.told.emit(
                tr("This computer has no keyring that is open: the token is kept in a file that "
                   "only you can read.")
            )  # fmt: skip
        self.current = None if self.current and self.current.id == profile.id else self.current
        self.choose(profile)

    async def _remove(self, profile: Profile) -> None:
        assert self._store is not None
        await asyncio.to_thread(self._store.remove, profile)
        self.profiles = [one for one in self.profiles if one.id != profile.id]
        self.choose(None)
