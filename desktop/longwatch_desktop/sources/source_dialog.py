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

from longwatch.client.errors import ApiError, LongwatchClientError
from longwatch.protocol.sources import EngineInfo, Source, SourceDraft, SourceTest
from longwatch_desktop import words
from longwatch_desktop.session import Session
from longwatch_desktop.sources.drafts import DraftError, draft_of
from longwatch_desktop.sources.option_fields import PathField
from longwatch_desktop.sources.source_form import SourceForm
from longwatch_desktop.tasks import Tasks
from longwatch_desktop.theme import Theme
from longwatch_desktop.translation import figures, tr

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
        queues: Collection[str] | None = None,
        parent: QWidget | None = None,
    ) -> None:
        """`fixed` says why a source cannot be changed; `remote` that the server is elsewhere;
        `queues` are those of its workers, if it has some."""
        super().__init__(parent)
        self._session = session
        self._theme = theme
        self._source = source
        self._tone = "text"
        self._tasks = Tasks(self._failed)
        self.setWindowTitle(
            tr("Source {name}").format(name=source.title) if source else tr("Add a source")
        )
        self.form = SourceForm(engines, source, taken, remote=remote, queues=queues)
        self._said = QLabel()
        self._said.setWordWrap(True)
        self._said.setTextFormat(Qt.TextFormat.PlainText)
        self._said.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._said.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.MinimumExpanding)
        self._said.setContentsMargins(14, 0, 14, 0)
        self._bar = QProgressBar()
        self._bar.setAccessibleName(tr("Sending the file"))
        self._bar.setRange(0, STEPS)
        self._bar.hide()
        self.test = QPushButton(tr("Test"))
        self._leave = QPushButton(tr("Close") if fixed else tr("Cancel"))
        self.save = QPushButton(tr("Save") if source else tr("Add"))
        self._lay_out(fixed)
        theme.changed.connect(self._recolor)
        self.form.edited.connect(self._edited)
        self.form.path_wanted.connect(self._choose)
        self.test.clicked.connect(lambda: self._start(self._test, tr("Opening it…")))
        self.save.clicked.connect(lambda: self._start(self._save, tr("Saving it…")))
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
        dialog = QFileDialog(self, tr("Choose a folder") if folder else tr("Choose a file"))
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
        self._say(tr("Sending {file}…").format(file=file.name))
        try:
            size = max(1, (await asyncio.to_thread(file.stat)).st_size)
            found = await self._session.client().upload(
                file, told=lambda sent: self._bar.setValue(sent * STEPS // size)
            )
        finally:
            self._bar.hide()
        self._set_busy(busy=False)
        self._say("")
        about = tr("{file}, {size}, sent").format(file=found.name, size=words.size(found.bytes))
        field.show_uploaded(found.path, about)
        self.form.suggest_title(file.name)

    def _failed(self, error: Exception) -> None:
        self._set_busy(busy=False)
        if isinstance(error, OSError):
            reason = error.strerror or error
            self._say(tr("The file cannot be read: {reason}.").format(reason=reason), "danger")
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
        return _filled(tr("It opens: {tables}, {seconds} s."), found), "success"
    return _filled(tr("It does not open. {reason}"), found), "danger"


def told_of(title: str, found: SourceTest) -> str:
    """What came of a test of a source, with its title."""
    if found.error is None:
        return _filled(tr("{name}: it opens: {tables}, {seconds} s."), found, name=title)
    return _filled(tr("{name}: it does not open. {reason}"), found, name=title)


def _filled(text: str, found: SourceTest, name: str = "") -> str:
    hint = f" {found.error.hint}" if found.error is not None and found.error.hint else ""
    return text.format(
        name=name,
        tables=tr("%n table(s)", "", found.tables),
        seconds=figures(f"{found.took_s:.1f}"),
        reason=f"{found.error.message}{hint}" if found.error is not None else "",
    )
