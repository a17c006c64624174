"""Adds a source, changes one, or shows why it cannot be changed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Coroutine, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from longwatch.client import words
from longwatch.client.errors import ApiError, LongwatchClientError
from longwatch.protocol.sources import EngineInfo, Source, SourceDraft, SourceTest
from longwatch_desktop.session import Session
from longwatch_desktop.sources.drafts import DraftError, draft_of
from longwatch_desktop.sources.option_fields import PathField
from longwatch_desktop.sources.source_form import SourceForm
from longwatch_desktop.tasks import Tasks
from longwatch_desktop.theme import Theme

STEPS: Final = 1_000
"""Of the bar of an upload: bytes would not fit into Qt's integers."""


class SourceDialog(QDialog):
    """`saved` carries the `Source` as the server has it. Whoever opens it calls `stop` when it is
    `finished`."""

    saved = Signal(object)

    def __init__(
        self,
        session: Session,
        theme: Theme,
        engines: Sequence[EngineInfo],
        source: Source | None,
        taken: Collection[str],
        *,
        fixed: str = "",
        remote: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        """`fixed` says why a source cannot be changed; `remote` that the server is elsewhere."""
        super().__init__(parent)
        self._session = session
        self._theme = theme
        self._source = source
        self._tone = "text"
        self._tasks = Tasks(self._failed)
        self.setWindowTitle(f"Source {source.title}" if source else "Add a source")
        self.form = SourceForm(engines, source, taken, remote=remote)
        self._said = QLabel()
        self._said.setWordWrap(True)
        self._said.setTextFormat(Qt.TextFormat.PlainText)
        self._said.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._said.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.MinimumExpanding)
        self._said.setContentsMargins(14, 0, 14, 0)
        self._bar = QProgressBar()
        self._bar.setAccessibleName("Sending the file")
        self._bar.setRange(0, STEPS)
        self._bar.hide()
        self.test = QPushButton("Test")
        self._leave = QPushButton("Close" if fixed else "Cancel")
        self.save = QPushButton("Save" if source else "Add")
        self._lay_out(fixed)
        theme.changed.connect(self._recolor)
        self.form.edited.connect(self._edited)
        self.form.path_wanted.connect(self._choose)
        self.test.clicked.connect(lambda: self._start(self._test, "Opening it…"))
        self.save.clicked.connect(lambda: self._start(self._save, "Saving it…"))
        self._leave.clicked.connect(self.reject)
        if fixed:
            self.form.setEnabled(False)
            self.save.hide()
            self._say(fixed)

    @property
    def said(self) -> str:
        """What it says of a test, or of what is wrong."""
        return self._said.text()

    async def stop(self) -> None:
        """Let go of what is under way, an upload too."""
        await self._tasks.close()

    def upload(self, field: PathField, file: Path) -> None:
        """Send a file to the server, for a field."""
        self._tasks.start(self._upload(field, file), name="upload")

    def _lay_out(self, fixed: str) -> None:
        buttons = QHBoxLayout()
        for button in (self.test, self._leave, self.save):
            button.setAutoDefault(button is self.save)
            button.setMinimumWidth(80)
            buttons.addWidget(button)
        buttons.insertStretch(1, 1)
        self.save.setDefault(True)
        area = QScrollArea()
        area.setWidget(self.form)
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        foot = QWidget()
        below = QVBoxLayout(foot)
        below.setContentsMargins(14, 8, 14, 12)
        below.addWidget(self._bar)
        below.addLayout(buttons)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        if fixed:
            layout.addSpacing(12)
            layout.addWidget(self._said)
        layout.addWidget(area, 1)
        if not fixed:
            layout.addWidget(self._said)
        layout.addWidget(foot)
        self.resize(560, 520)

    def _start(self, act: Callable[[SourceDraft], Coroutine[Any, Any, None]], said: str) -> None:
        """Test or save what is filled in, unless it cannot be a source."""
        try:
            draft = draft_of(self.form.entered())
        except DraftError as error:
            self._say(str(error), "danger")
            self.form.point_to(error.where, str(error))
            return
        self.form.clear_marks()
        self._set_busy(busy=True)
        self._say(said)
        self._tasks.start(act(draft), name="source")

    async def _test(self, draft: SourceDraft) -> None:
        client = self._session.client()
        if not self.form.isEnabled() and self._source is not None:
            found = await client.test_source(self._source.name)
        else:
            found = await client.try_source(self._tried(draft))
        self._set_busy(busy=False)
        self._say(*told(found))

    def _tried(self, draft: SourceDraft) -> SourceDraft:
        """The draft as it is tried: under the name that the server knows its secrets by."""
        if self._source is None:
            return draft
        return msgspec.structs.replace(draft, name=self._source.name)

    async def _save(self, draft: SourceDraft) -> None:
        client = self._session.client()
        if self._source is None:
            source = await client.add_source(draft)
        else:
            source = await client.change_source(self._source.name, draft)
        self.saved.emit(source)
        self.accept()

    def _choose(self, field: PathField, folder: bool) -> None:
        dialog = QFileDialog(self, "Choose a folder" if folder else "Choose a file")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        modes = QFileDialog.FileMode
        dialog.setFileMode(modes.Directory if folder else modes.ExistingFile)
        if field.is_remote:
            dialog.fileSelected.connect(lambda name: self.upload(field, Path(name)))
        else:
            dialog.fileSelected.connect(lambda name: self.form.take_path(field, name))
        dialog.open()

    async def _upload(self, field: PathField, file: Path) -> None:
        self._set_busy(busy=True)
        self._bar.setValue(0)
        self._bar.show()
        self._say(f"Sending {file.name}…")
        try:
            size = max(1, (await asyncio.to_thread(file.stat)).st_size)
            found = await self._session.client().upload(
                file, told=lambda sent: self._bar.setValue(sent * STEPS // size)
            )
        finally:
            self._bar.hide()
        self._set_busy(busy=False)
        self._say("")
        field.show_uploaded(found.path, f"{found.name}, {words.size(found.bytes)}, sent")
        self.form.suggest_title(file.name)

    def _failed(self, error: Exception) -> None:
        self._set_busy(busy=False)
        if isinstance(error, OSError):
            self._say(f"The file cannot be read: {error.strerror or error}.", "danger")
            return
        if not isinstance(error, LongwatchClientError):
            raise error
        self._say(str(error), "danger")
        if isinstance(error, ApiError) and error.problem.pointer:
            self.form.point_to(error.problem.pointer, str(error))

    def _edited(self) -> None:
        self.form.clear_marks()
        self._say("")

    def _set_busy(self, *, busy: bool) -> None:
        for button in (self.test, self.save):
            button.setEnabled(not busy)

    def _say(self, text: str, tone: str = "text") -> None:
        self._tone = tone
        self._said.setText(text)
        self._recolor()

    def _recolor(self) -> None:
        self._said.setStyleSheet(f"color: {getattr(self._theme.colors, self._tone)};")


def told(found: SourceTest) -> tuple[str, str]:
    """What came of a test, and the colour of it."""
    if found.error is None:
        return f"It opens: {words.counted(found.tables, 'table')}, {found.took_s:.1f} s.", "success"
    hint = f" {found.error.hint}" if found.error.hint else ""
    return f"It does not open. {found.error.message}{hint}", "danger"
