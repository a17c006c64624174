"""The editor's texts as files: opening and saving them, off the window's thread."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from longwatch_desktop.editor.panel import EditorPanel, Page
from longwatch_desktop.saving import write_whole
from longwatch_desktop.tasks import Tasks
from longwatch_desktop.translation import QT_TR_NOOP, tr

KINDS: Final = QT_TR_NOOP("SQL (*.sql);;All files (*)")


class SqlFiles(QObject):
    """`failed` carries a sentence about a file that could not be read or written."""

    failed = Signal(str)

    def __init__(self, editor: EditorPanel, parent: QWidget) -> None:
        super().__init__(parent)
        self._editor = editor
        self._window = parent
        self._tasks = Tasks(lambda error: self.failed.emit(str(error)))
        self._saves: set[asyncio.Task[object]] = set()

    def open(self, files: Iterable[Path]) -> None:
        """Open files, a tab each, in their order."""
        self._tasks.start(self._open(list(files)), name="open-files")

    def choose_and_open(self) -> None:
        """Ask which files to open."""
        dialog = self._dialog(tr("Open SQL"), "")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        dialog.filesSelected.connect(lambda names: self.open(map(Path, names)))
        dialog.open()

    def choose_and_save(self) -> None:
        """Ask where to save the text in front."""
        page = self._editor.page
        dialog = self._dialog(tr("Save SQL"), f"{page.shown_title}.sql")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("sql")
        dialog.fileSelected.connect(lambda name: self.save(page, Path(name)))
        dialog.open()

    def save(self, page: Page, target: Path) -> None:
        """Write one text; it counts as unchanged then."""
        task = self._tasks.start(self._save(page, target), name="save-file")
        if task is not None:
            self._saves.add(task)
            task.add_done_callback(self._saves.discard)

    async def stop(self) -> None:
        """Read nothing more; what is to be written is written first."""
        await asyncio.gather(*self._saves, return_exceptions=True)
        await self._tasks.close()

    def _dialog(self, title: str, name: str) -> QFileDialog:
        dialog = QFileDialog(self._window, title, name, tr(KINDS))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        return dialog

    async def _open(self, files: list[Path]) -> None:
        opened = False
        for file in files:
            try:
                text = await asyncio.to_thread(file.read_text, "utf-8-sig")
            except (OSError, UnicodeDecodeError) as error:
                self.failed.emit(
                    tr("{file} cannot be opened: {reason}.").format(file=file, reason=error)
                )
            else:
                self._editor.open(file.stem, text, beside=opened)
                opened = True

    async def _save(self, page: Page, target: Path) -> None:
        text, revision = page.toPlainText(), page.document().revision()
        try:
            await asyncio.to_thread(_write, target, text)
        except OSError as error:
            self.failed.emit(
                tr("{file} cannot be written: {reason}").format(file=target, reason=error)
            )
            return
        # Else it was typed in meanwhile, or closed.
        if self._editor.has(page) and page.document().revision() == revision:
            page.document().setModified(False)


def _write(target: Path, text: str) -> None:
    write_whole(target, text.encode("utf-8", "surrogatepass"))
