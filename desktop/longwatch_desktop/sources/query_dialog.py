"""Asks how a query is to be kept."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QFormLayout,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from longwatch.protocol.parameters import ParameterType
from longwatch.protocol.sources import QueryParameter, SavedQueryDraft, Source
from longwatch_desktop.editor.fields import TITLES, Kind, Typed, prefilled
from longwatch_desktop.sources.drafts import DraftError
from longwatch_desktop.sources.option_fields import mark
from longwatch_desktop.sources.query_drafts import checked, parameter_of
from longwatch_desktop.theme import Theme
from longwatch_desktop.tips import wrapped
from longwatch_desktop.translation import tr

Known = tuple[QueryParameter, Typed]
"""What is said of a `:name`, and what was typed for it."""


class QueryDialog(QDialog):
    """`wanted` carries the `SavedQueryDraft` to keep, and whether it replaces the one that the
    text was opened from."""

    wanted = Signal(object, bool)

    def __init__(
        self,
        theme: Theme,
        draft: SavedQueryDraft,
        parameters: Sequence[Known],
        sources: Sequence[Source],
        folders: Sequence[str],
        *,
        replaces: str = "",
        note: str = "",
        parent: QWidget | None = None,
    ) -> None:
        """`draft` is what to begin with, `replaces` the title of a query that may be replaced."""
        super().__init__(parent)
        self._theme = theme
        self._draft = draft
        self.setWindowTitle(tr("Save query"))
        self._title, self._about = QLineEdit(draft.title), QLineEdit(draft.description)
        self._folder = QComboBox()
        self._folder.setEditable(True)
        self._folder.addItems([*folders])
        self._folder.setCurrentText(draft.folder)
        line = self._folder.lineEdit()
        assert line is not None
        line.setPlaceholderText(tr("none; a / makes folders in folders"))
        self._source = QComboBox()
        self._source.addItem(tr("Whichever is chosen then"), None)
        for source in sources:
            self._source.addItem(source.title, source.name)
        self._source.setCurrentIndex(max(0, self._source.findData(draft.source)))
        self._said = QLabel(note)
        self._said.setTextFormat(Qt.TextFormat.PlainText)
        self._said.setWordWrap(True)
        self._said.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.MinimumExpanding)
        self.save = QPushButton(tr("Save as new") if replaces else tr("Save"))
        self.update_ = QPushButton(tr("Update"))
        self.update_.setToolTip(wrapped(tr("Replace '{title}'").format(title=replaces)))
        self.update_.setVisible(bool(replaces))
        self._leave = QPushButton(tr("Cancel"))
        self._rows = [_Row(known, typed) for known, typed in parameters]
        self._lay_out()
        self.save.clicked.connect(lambda: self._ask(replace=False))
        self.update_.clicked.connect(lambda: self._ask(replace=True))
        self._leave.clicked.connect(self.reject)
        (self.update_ if replaces else self.save).setDefault(True)
        self._title.selectAll()
        self._about.setCursorPosition(0)

    @property
    def said(self) -> str:
        """What it says, of what is wrong for one."""
        return self._said.text()

    def say(self, message: str, where: str = "") -> None:
        """Say what is wrong, and where: `/title`, `/parameters/month`."""
        self._said.setStyleSheet(f"color: {self._theme.colors.danger};")
        self._said.setText(message)
        mark(self._title, message if where == "/title" else "")
        for row in self._rows:
            mark(row.default, message if where == f"/parameters/{row.name}" else "")
        for button in (self.save, self.update_):
            button.setEnabled(True)

    def _ask(self, *, replace: bool) -> None:
        try:
            draft = checked(self._entered())
        except DraftError as error:
            self.say(str(error), error.where)
            return
        for button in (self.save, self.update_):
            button.setEnabled(False)
        self.wanted.emit(draft, replace)

    def _entered(self) -> SavedQueryDraft:
        return SavedQueryDraft(
            title=self._title.text().strip(),
            folder=self._folder.currentText().strip(),
            description=self._about.text().strip(),
            source=self._source.currentData(),
            sql=self._draft.sql,
            parameters=[row.parameter() for row in self._rows],
        )

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.setVerticalSpacing(8)
        form.setHorizontalSpacing(12)
        form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for label, widget in (
            (tr("Title"), self._title),
            (tr("Folder"), self._folder),
            (tr("Description"), self._about),
            (tr("Source"), self._source),
        ):
            widget.setAccessibleName(label)
            widget.setMinimumHeight(self._title.sizeHint().height())
            form.addRow(label, widget)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        for button in (self._leave, self.save, self.update_):
            button.setMinimumWidth(80)
            button.setAutoDefault(False)
            buttons.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(14, 12, 14, 12)
        layout.setSpacing(10)
        layout.addLayout(form)
        if self._rows:
            layout.addWidget(self._parameters(), 1)
        layout.addWidget(self._said)
        layout.addLayout(buttons)
        self.resize(620, min(560, 250 + 34 * (len(self._rows) + 1)))

    def _parameters(self) -> QWidget:
        inside = QWidget()
        grid = QGridLayout(inside)
        grid.setContentsMargins(0, 0, 8, 0)
        grid.setHorizontalSpacing(6)
        heads = (tr("It asks for"), tr("as", "head of a column"), tr("of type"), tr("and suggests"))
        for column, title in enumerate(heads):
            label = QLabel(title)
            label.setProperty("muted", True)
            grid.addWidget(label, 0, column)
        for number, row in enumerate(self._rows, 1):
            for column, widget in enumerate(
                (row.label, row.title, row.kind, row.default, row.many)
            ):
                grid.addWidget(widget, number, column)
        grid.setColumnStretch(1, 2)
        grid.setColumnStretch(3, 3)
        grid.setRowStretch(len(self._rows) + 1, 1)
        area = QScrollArea()
        area.setWidget(inside)
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        return area


class _Row:
    """What is said of one `:name`."""

    def __init__(self, known: QueryParameter, typed: Typed) -> None:
        self.name = known.name
        self._choices = known.choices
        self.label = QLabel(f":{known.name}")
        self.title = QLineEdit(known.title)
        self.title.setPlaceholderText(known.name)
        self.kind = QComboBox()
        for kind in ParameterType:
            self.kind.addItem(tr(TITLES[Kind(kind.value)]), kind.value)
        self.kind.setCurrentIndex(self.kind.findData(known.type.value))
        self.kind.setMinimumHeight(self.title.sizeHint().height())
        text = typed.text or prefilled(known).text
        self.default = QLineEdit(text)
        self.default.setPlaceholderText(tr("nothing"))
        self.many = QCheckBox(tr("list"))
        self.many.setToolTip(tr("Several values, with commas in between"))
        self.many.setChecked(known.many)
        for spoken, widget in (
            (tr("Title of {name}"), self.title),
            (tr("Type of {name}"), self.kind),
            (tr("Default of {name}"), self.default),
            (tr("List of {name}"), self.many),
        ):
            widget.setAccessibleName(spoken.format(name=known.name))

    def parameter(self) -> QueryParameter:
        """Raises `DraftError`."""
        return parameter_of(
            self.name,
            ParameterType(self.kind.currentData()),  # Qt keeps a str
            self.title.text(),
            self.default.text(),
            many=self.many.isChecked(),
            choices=self._choices,
        )
