"""What each source holds, asked for when it is wanted and kept until it may be out of date."""

from __future__ import annotations

import asyncio
from typing import Final

from PySide6.QtCore import QObject, Signal

from longwatch.client.errors import LongwatchClientError
from longwatch.protocol.catalogue import Catalogue
from longwatch.protocol.sources import Source
from longwatch_desktop.session import Session
from longwatch_desktop.tasks import Tasks

AT_ONCE: Final = 2
"""Each answer costs the server a process: a search through all sources must not start fifty."""


class Catalogues(QObject):
    """`changed` carries the name of a source whose catalogue came, or could not be had."""

    changed = Signal(str)

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._known: dict[str, Catalogue | str] = {}
        self._asked: set[str] = set()
        self._sources: dict[str, Source] = {}
        self._address = session.address
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._tasks = Tasks(lambda error: session.trouble.emit(str(error)))
        session.catalogue_changed.connect(self._sources_changed)

    def get(self, source: str) -> Catalogue | str | None:
        """What a source holds, or a sentence about why nobody knows; `None` while it is asked for,
        which this begins."""
        known = self.known(source)
        if known is None:
            self._ask(source)
        return known

    def known(self, source: str) -> Catalogue | str | None:
        """The same without asking: `None` while nobody has asked, or no answer has come."""
        if self._session.address != self._address:  # another server, or the same one anew
            self._address = self._session.address
            self.forget()
        return self._known.get(source)

    def is_asking(self, source: str) -> bool:
        """Whether an answer is on its way."""
        return source in self._asked

    def refresh(self, source: str) -> None:
        """Ask for it anew; what is known stays until the answer comes."""
        self._ask(source)

    def forget(self) -> None:
        """Nothing that is known holds any more."""
        self._known.clear()

    async def stop(self) -> None:
        """Let go of what is being asked."""
        await self._tasks.close()

    def _sources_changed(self) -> None:
        """Forget those that are other sources now. A query that was saved changes none of them,
        and to open them all again for it would cost a process each."""
        now = {source.name: source for source in self._session.sources}
        for name in list(self._known):
            if self._sources.get(name, now.get(name)) != now.get(name):
                del self._known[name]
        self._sources = now

    def _ask(self, source: str) -> None:
        if source in self._asked or not self._session.connected:
            return
        task = self._tasks.start(self._fetch(source), name=f"catalogue-{source}")
        if task is not None:
            self._asked.add(source)

    async def _fetch(self, source: str) -> None:
        meant = self._sources.get(source)
        try:
            async with self._turns:
                answer = await self._look(source)
        finally:
            self._asked.discard(source)
        if self._sources.get(source) == meant:  # else it is another source by now
            self._known[source] = answer
        self.changed.emit(source)

    async def _look(self, source: str) -> Catalogue | str:
        try:
            return await self._session.client().catalogue(source)
        except LongwatchClientError as error:
            return str(error)
