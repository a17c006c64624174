"""Files and folders that are dropped on the window become sources, or tabs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from PySide6.QtCore import QEvent, QObject, QSize, Qt, Signal
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QLabel, QWidget

from longwatch.client.errors import LongwatchClientError
from longwatch.protocol.sources import Source, SourceDraft
from longwatch_desktop.editor.files import SqlFiles
from longwatch_desktop.notice import NoticeBar
from longwatch_desktop.session import Session
from longwatch_desktop.sources.dropping import WHAT, Becomes, Dropped, look_at
from longwatch_desktop.sources.written import source_name
from longwatch_desktop.tasks import Tasks, foreseen
from longwatch_desktop.theme import Theme
from longwatch_desktop.translation import tr

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
                tr(
                    "%n files at once are too many to make a source of each. Drop the folder that "
                    "they are in.",
                    "",
                    len(paths),
                )
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
            self._hint.show_over(tr("Drop to add as a source") if paths else tr(WHAT))
        elif kind == QEvent.Type.Drop:
            self._hint.hide()
            if paths:
                self.take(paths)
            else:
                why = tr("What was dropped is no file of this computer.")
                self._notice.say(f"{why} {tr(WHAT)}")
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
                return None, tr(
                    "The server is another computer, to which no folder can be sent. Drop the "
                    "files of {folder} instead."
                ).format(folder=dropped.path.name)
            path = await self._send(dropped.path)
        elif path in there:
            self.added.emit(there[path].name)
            self._notice.tell(
                tr("'{file}' is a source already: {name}.").format(
                    file=dropped.title, name=there[path].title
                )
            )
            return None, ""
        draft = SourceDraft(
            name=source_name(dropped.title, taken),
            title=dropped.title,
            engine=dropped.engine,
            options={"path": path},
        )
        self._notice.tell(tr("Opening {name}…").format(name=dropped.path.name))
        tried = await client.try_source(draft)
        if tried.error is not None:
            hint = f" {tried.error.hint}" if tried.error.hint else ""
            return None, tr("{file} was not added. {reason}").format(
                file=dropped.path.name, reason=tried.error.message + hint
            )
        if not tried.tables:
            return None, tr("{file} was not added: no table in it can be read.").format(
                file=dropped.path.name
            )
        source = await client.add_source(draft)
        taken.add(source.name)
        self.added.emit(source.name)
        return source, tr("%n table(s)", "", tried.tables)

    async def _send(self, path: Path) -> str:
        size = max(1, (await asyncio.to_thread(path.stat)).st_size)
        task = asyncio.current_task()

        def stop() -> None:
            if task is not None:
                task.cancel()
            self._notice.tell(tr("{file} was not sent.").format(file=path.name))

        def told(sent: int) -> None:
            percent = min(100, sent * 100 // size)
            self._notice.tell(
                tr("Sending {file} to the server… {percent} %").format(
                    file=path.name, percent=percent
                ),
                tr("Stop"),
                stop,
            )

        told(0)
        return (await self._session.client().upload(path, told=told)).path

    def _tell(self, made: list[Source], notes: list[str], wrong: list[str]) -> None:
        titles = ", ".join(source.title for source in made)
        if wrong:
            also = [tr("Added: {names}.").format(names=titles)] if made else []
            self._notice.say(" ".join([*wrong, *also]))
        elif made:
            if len(made) == 1:
                said = tr("Added the source {name}: {tables}.")
                said = said.format(name=titles, tables=notes[0])
            else:
                said = tr("Added %n sources: {names}.", "", len(made)).format(names=titles)
            self._notice.tell(said, tr("Undo"), self._undoing(made))

    def _undoing(self, made: list[Source]) -> Callable[[], None]:
        def undo() -> None:
            self._tasks.start(self._undo(made), name="undo-drop")

        return undo

    async def _undo(self, made: Sequence[Source]) -> None:
        for source in made:
            await self._session.client().remove_source(source.name)
        self._session.look_again()
        names = ", ".join(source.title for source in made)
        self._notice.tell(tr("Removed {names} again.").format(names=names))

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
