"""Carries out what an admin asks for about sources."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from longwatch.protocol.jobs import JobFilter
from longwatch.protocol.sources import Source
from longwatch_desktop.admin.sources_page import SourcesPage
from longwatch_desktop.session import Session
from longwatch_desktop.sources.desk import SourceDesk, ask_to_remove
from longwatch_desktop.sources.source_dialog import told
from longwatch_desktop.tasks import Tasks, foreseen
from longwatch_desktop.translation import tr


class AdminSources(QObject):
    """Adding and editing is `desk`'s, over the admin's dialog."""

    def __init__(
        self, session: Session, page: SourcesPage, desk: SourceDesk, tasks: Tasks, dialog: QWidget
    ) -> None:
        super().__init__(dialog)
        self._session = session
        self._page = page
        self._tasks = tasks
        self._dialog = dialog
        self._jobs: dict[str, int] = {}
        self._queues = False
        page.add_wanted.connect(lambda: desk.add(over=dialog))
        page.edit_wanted.connect(lambda source: desk.edit(source, over=dialog))
        page.test_wanted.connect(self._test)
        page.remove_wanted.connect(self._ask_to_remove)
        session.catalogue_changed.connect(self._show)

    async def read(self) -> None:
        """Show what the server has, and how many jobs ran on each."""
        self._show()
        client = self._session.client()
        self._queues = (await client.workers()).executor != "local"
        names = [source.name for source in self._session.sources]
        pages = await asyncio.gather(
            *(client.jobs(JobFilter(source=name), limit=1) for name in names)
        )
        self._jobs = {name: page.total for name, page in zip(names, pages, strict=True)}
        self._show()

    def _show(self) -> None:
        self._page.show_sources(self._session.sources, self._jobs, queues=self._queues)

    def _test(self, source: Source) -> None:
        self._page.say(tr("Opening {name}…").format(name=source.title))
        self._start(self._tell_test(source))

    async def _tell_test(self, source: Source) -> None:
        sentence, tone = told(await self._session.client().test_source(source.name))
        said = tr("{name}: {sentence}").format(name=source.title, sentence=sentence)
        self._page.say(said, tone)

    def _ask_to_remove(self, source: Source) -> None:
        box = ask_to_remove(self._dialog, source)
        box.accepted.connect(lambda: self._start(self._remove(source)))
        box.open()

    async def _remove(self, source: Source) -> None:
        await self._session.client().remove_source(source.name)
        self._page.say(tr("Removed the source {name}.").format(name=source.title))
        self._session.look_again()

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.start(work, name="source", failed=foreseen(self._page.say_wrong))
