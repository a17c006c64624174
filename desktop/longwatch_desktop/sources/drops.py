"""Files and folders that are dropped on the window become sources, or tabs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from PySide6.QtCore import QEvent, QObject, QSize, Qt, Signal
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QLabel, QWidget

from longwatch.client import words
from longwatch.client.errors import LongwatchClientError
from longwatch.protocol.sources import Source, SourceDraft
from longwatch_desktop.editor.files import SqlFiles
from longwatch_desktop.notice import NoticeBar
from longwatch_desktop.session import Session
from longwatch_desktop.sources.dropping import WHAT, Becomes, Dropped, look_at
from longwatch_desktop.sources.written import source_name
from longwatch_desktop.tasks import Tasks, foreseen
from longwatch_desktop.theme import Theme

MOST: Final = 20
"""Each is opened before it is added, in a process of the server's."""


class Drops(QObject):
    """Takes what is dropped on the window, wherever nothing else takes it. `added` carries the name
    of a source."""

    added = Signal(str)

    def __init__(
        self, session: Session, notice: NoticeBar, files: SqlFiles, theme: Theme, window: QWidget
    ) -> None:
        super().__init__(window)
        self._session = session
        self._notice = notice
        self._files = files
        self._hint = _Hint(theme, window)
        self._tasks = Tasks(foreseen(notice.say))
        window.setAcceptDrops(True)
        window.installEventFilter(self)

    async def stop(self) -> None:
        """Let go of what is under way."""
        await self._tasks.close()

    def take(self, paths: Sequence[Path]) -> None:
        """Make sources of them, and tabs."""
        if len(paths) > MOST:
            self._notice.say(
                f"{len(paths)} files at once are too many to make a source of each. Drop the "
                "folder that they are in."
            )
            return
        self._tasks.start(self._take(paths), name="drop")

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        kind = event.type()
        if kind == QEvent.Type.DragLeave:
            self._hint.hide()
        if not isinstance(event, QDropEvent):  # of which entering and moving are kinds
            return super().eventFilter(watched, event)
        urls = event.mimeData().urls()
        if not urls:
            return False
        paths = [Path(url.toLocalFile()) for url in urls if url.isLocalFile()]
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()
        if kind == QEvent.Type.DragEnter:
            self._hint.show_over(WHAT if not paths else "Drop to add as a source")
        elif kind == QEvent.Type.Drop:
            self._hint.hide()
            if paths:
                self.take(paths)
            else:
                self._notice.say(f"What was dropped is no file of this computer. {WHAT}")
        return True

    async def _take(self, paths: Sequence[Path]) -> None:
        found = [await asyncio.to_thread(look_at, path) for path in paths]
        self._files.open(one.path for one in found if one.becomes is Becomes.TEXT)
        wrong = [one.why for one in found if one.becomes is Becomes.NOTHING]
        made: list[Source] = []
        notes: list[str] = []
        taken = {one.name for one in self._session.sources}
        try:
            for one in found:
                if one.becomes is Becomes.SOURCE:
                    source, note = await self._add(one, taken)
                    (wrong if source is None and note else notes).append(note)
                    made += [source] if source is not None else []
        except (LongwatchClientError, OSError) as error:
            wrong.append(str(error))
        finally:
            self._session.look_again()
        self._tell(made, [note for note in notes if note], wrong)

    async def _add(self, dropped: Dropped, taken: set[str]) -> tuple[Source | None, str]:
        """The source, or `None` and why there is none. One that is there already is shown."""
        client = self._session.client()
        path = str(await asyncio.to_thread(dropped.path.resolve))
        there = {one.options.get("path", ""): one for one in self._session.sources}
        if self._is_remote:
            if dropped.is_folder:
                return None, (
                    f"The server is another computer, to which no folder can be sent. Drop the "
                    f"files of {dropped.path.name} instead."
                )
            path = await self._send(dropped.path)
        elif path in there:
            self.added.emit(there[path].name)
            self._notice.tell(f"{dropped.title!r} is a source already: {there[path].title}.")
            return None, ""
        draft = SourceDraft(
            name=source_name(dropped.title, taken),
            title=dropped.title,
            engine=dropped.engine,
            options={"path": path},
        )
        self._notice.tell(f"Opening {dropped.path.name}…")
        tried = await client.try_source(draft)
        if tried.error is not None:
            hint = f" {tried.error.hint}" if tried.error.hint else ""
            return None, f"{dropped.path.name} was not added. {tried.error.message}{hint}"
        if not tried.tables:
            return None, f"{dropped.path.name} was not added: no table in it can be read."
        source = await client.add_source(draft)
        taken.add(source.name)
        self.added.emit(source.name)
        return source, words.counted(tried.tables, "table")

    async def _send(self, path: Path) -> str:
        size = max(1, (await asyncio.to_thread(path.stat)).st_size)
        task = asyncio.current_task()

        def stop() -> None:
            if task is not None:
                task.cancel()
            self._notice.tell(f"{path.name} was not sent.")

        def told(sent: int) -> None:
            percent = min(100, sent * 100 // size)
            self._notice.tell(
                f"Sending {path.name} to the server… {percent} %",
                "Stop",
                stop,
            )

        told(0)
        return (await self._session.client().upload(path, told=told)).path

    def _tell(self, made: list[Source], notes: list[str], wrong: list[str]) -> None:
        titles = ", ".join(source.title for source in made)
        if wrong:
            also = f" Added: {titles}." if made else ""
            self._notice.say(" ".join(wrong) + also)
        elif len(made) == 1:
            self._notice.tell(
                f"Added the source {titles}: {notes[0]}.", "Undo", self._undoing(made)
            )
        elif made:
            said = f"Added {len(made)} sources: {titles}."
            self._notice.tell(said, "Undo", self._undoing(made))

    def _undoing(self, made: list[Source]) -> Callable[[], None]:
        def undo() -> None:
            self._tasks.start(self._undo(made), name="undo-drop")

        return undo

    async def _undo(self, made: Sequence[Source]) -> None:
        for source in made:
            await self._session.client().remove_source(source.name)
        self._session.look_again()
        self._notice.tell(f"Removed {', '.join(source.title for source in made)} again.")

    @property
    def _is_remote(self) -> bool:
        address = self._session.address
        return address is not None and not address.is_loopback


class _Hint(QLabel):
    """Says over the window what a drop would do."""

    def __init__(self, theme: Theme, window: QWidget) -> None:
        super().__init__(window)
        self._theme = theme
        self._window = window
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setWordWrap(True)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    def show_over(self, text: str) -> None:
        colors = self._theme.colors
        self.setStyleSheet(
            f"background: {colors.raised}; color: {colors.text}; padding: 12px;"
            f"border: 2px dashed {colors.accent}; border-radius: 8px;"
        )
        self.setText(text)
        window = self._window
        size = QSize(min(420, window.width() - 40), 96)
        self.resize(size)
        self.move((window.width() - size.width()) // 2, (window.height() - size.height()) // 2)
        self.raise_()
        self.show()
