"""The editor's texts as files: opening and saving them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from longwatch_desktop.editor.panel import EditorPanel, Page

KINDS: Final = "SQL (*.sql);;All files (*)"


class SqlFiles(QObject):
    """`failed` carries a sentence about a file that could not be read or written."""

    failed = Signal(str)

    def __init__(self, editor: EditorPanel, parent: QWidget) -> None:
        super().__init__(parent)
        self._editor = editor
        self._window = parent

    def open(self, files: Iterable[Path]) -> None:
        """Open files, a tab each."""
        opened = False
        for file in files:
            try:
                self._editor.open(file.stem, file.read_text("utf-8-sig"), beside=opened)
                opened = True
            except (OSError, UnicodeDecodeError) as error:
                self.failed.emit(f"{file} cannot be opened: {error}.")

    def choose_and_open(self) -> None:
        """Ask which files to open."""
        dialog = self._dialog("Open SQL", "")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        dialog.filesSelected.connect(lambda names: self.open(map(Path, names)))
        dialog.open()

    def choose_and_save(self) -> None:
        """Ask where to save the text in front."""
        page = self._editor.page
        dialog = self._dialog("Save SQL", f"{page.title}.sql")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("sql")
        dialog.fileSelected.connect(lambda name: self.save(page, Path(name)))
        dialog.open()

    def _dialog(self, title: str, name: str) -> QFileDialog:
        dialog = QFileDialog(self._window, title, name, KINDS)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        return dialog

    def save(self, page: Page, target: Path) -> None:
        """Write one text; it counts as unchanged then."""
        try:
            target.write_text(page.toPlainText(), "utf-8")
        except OSError as error:
            self.failed.emit(f"{target} cannot be written: {error.strerror or error}.")
        else:
            page.document().setModified(False)
