"""Asks what of a result to write to a file, and how."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QButtonGroup,
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from longwatch.protocol.jobs import Column
from longwatch.protocol.results import MAX_SHEET_ROWS, ExportFormat, Formulas
from longwatch_desktop import words
from longwatch_desktop.results.exporting import Order, in_words
from longwatch_desktop.results.reading import keys
from longwatch_desktop.results.wanted import Wanted, address, order_in_words
from longwatch_desktop.tasks import Tasks
from longwatch_desktop.theme import Theme
from longwatch_desktop.translation import QT_TR_NOOP, tr

FORMATS: Final = {
    ExportFormat.CSV: ("CSV", QT_TR_NOOP("opens everywhere; loses types")),
    ExportFormat.XLSX: ("Excel", QT_TR_NOOP("a sheet with types, up to a million rows")),
    ExportFormat.PARQUET: ("Parquet", QT_TR_NOOP("small and exact, for DuckDB, pandas, Spark")),
    ExportFormat.ARROW: ("Arrow", QT_TR_NOOP("exact, and read without copying")),
    ExportFormat.JSONL: ("JSON lines", QT_TR_NOOP("one object a row, for scripts and logs")),
    ExportFormat.JSON: ("JSON", QT_TR_NOOP("one list of objects, for the web")),
}
_SAFE: Final = QT_TR_NOOP(
    "A text that begins with =, +, - or @ gets an apostrophe before it, so that no spreadsheet "
    "runs it as a formula."
)
_SAFE_ANYWAY: Final = QT_TR_NOOP("In an Excel file every text stays a text: nothing in it is run.")
_UNFIT: Final = frozenset('\\/:*?"<>|')


@dataclass(frozen=True, slots=True)
class Exportable:
    """A result as it is shown: `shown` are its columns that are not hidden, as they stand; `rows`
    match the filter, of `all_rows`."""

    job_id: str
    name: str
    columns: list[Column]
    shown: list[int]
    wanted: Wanted
    rows: int
    all_rows: int


class ExportDialog(QDialog):
    """`chosen` carries an `Order`. Of `folders`, the first that is there is proposed."""

    chosen = Signal(object)

    def __init__(
        self,
        what: Exportable,
        folders: Sequence[Path],
        theme: Theme,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(tr("Export the result"))
        self._what = what
        self._theme = theme
        self._over = False
        self._tasks = Tasks(lambda error: None if self._over else self._say(str(error)))
        self._may_replace: Path | None = None
        self._formats = QButtonGroup(self)
        self._path = QLineEdit(str(folders[0] / f"{file_name(what.name)}.csv"))
        self._path.setAccessibleName(tr("File"))
        self._path.setMinimumWidth(320)
        self._browse = QPushButton(tr("Browse…"))
        self._browse.setAutoDefault(False)
        self._all = QRadioButton(tr("All %n row(s), as they came", "", what.all_rows))
        self._some = QRadioButton(_shown_rows(what))
        self._columns = QListWidget()
        self._columns.setAccessibleName(tr("Columns to write"))
        self._safe = QCheckBox(tr("Keep spreadsheets from running texts as formulas"))
        self._safe.setChecked(True)
        self._about_safe = QLabel()
        self._about_safe.setProperty("muted", True)
        self._about_safe.setWordWrap(True)
        self._said = QLabel()
        self._said.setWordWrap(True)
        self._said.setTextFormat(Qt.TextFormat.PlainText)
        self._buttons = QDialogButtonBox()
        self._go = self._buttons.addButton(tr("Export"), QDialogButtonBox.ButtonRole.AcceptRole)
        self._go.setDefault(True)
        self._buttons.addButton(tr("Cancel"), QDialogButtonBox.ButtonRole.RejectRole)
        self._lay_out()
        self._wire()
        self._choose(ExportFormat.CSV)
        self._tasks.start(self._propose(folders), name="folder")

    def _lay_out(self) -> None:
        formats = QGridLayout()
        formats.setHorizontalSpacing(14)
        formats.setVerticalSpacing(2)
        for number, (name, good_for) in enumerate(FORMATS.values()):
            button = QRadioButton(name)
            button.setAccessibleDescription(tr(good_for))
            about = QLabel(tr(good_for))
            about.setProperty("muted", True)
            self._formats.addButton(button, number)
            formats.addWidget(button, number, 0)
            formats.addWidget(about, number, 1)
        formats.setColumnStretch(1, 1)
        self._formats.button(0).setChecked(True)
        place = QHBoxLayout()
        place.addWidget(self._path, 1)
        place.addWidget(self._browse)
        rows = QButtonGroup(self)
        for button in (self._some, self._all):
            rows.addButton(button)
        plain = self._what.wanted.is_plain
        (self._all if plain else self._some).setChecked(True)
        self._some.setVisible(not plain)
        self._fill_columns()
        layout = QVBoxLayout(self)
        layout.setSpacing(6)
        layout.addLayout(formats)
        layout.addSpacing(6)
        layout.addWidget(QLabel(tr("File")))
        layout.addLayout(place)
        layout.addSpacing(6)
        layout.addWidget(self._some)
        layout.addWidget(self._all)
        layout.addSpacing(6)
        layout.addLayout(self._heading_of_columns())
        layout.addWidget(self._columns, 1)
        layout.addWidget(self._safe)
        layout.addWidget(self._about_safe)
        layout.addWidget(self._said)
        layout.addWidget(self._buttons)

    def _heading_of_columns(self) -> QHBoxLayout:
        line = QHBoxLayout()
        self._counted = QLabel()
        line.addWidget(self._counted, 1)
        for title, named, on in (
            (tr("All", "columns"), tr("All of the columns"), True),
            (tr("None", "columns"), tr("None of the columns"), False),
        ):
            button = QPushButton(title)
            button.setAutoDefault(False)
            button.setAccessibleName(named)
            button.clicked.connect(lambda _on, on=on: self._check_all(on=on))
            line.addWidget(button)
        return line

    def _fill_columns(self) -> None:
        """As the grid shows them, then those that are hidden there."""
        self._columns.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self._columns.setMinimumHeight(96)
        self._columns.setFrameShape(QListWidget.Shape.StyledPanel)
        hidden = [at for at in range(len(self._what.columns)) if at not in self._what.shown]
        for place in (*self._what.shown, *hidden):
            item = QListWidgetItem(self._what.columns[place].name)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            on = place in self._what.shown
            item.setCheckState(Qt.CheckState.Checked if on else Qt.CheckState.Unchecked)
            item.setData(Qt.ItemDataRole.UserRole, place)
            self._columns.addItem(item)

    def _wire(self) -> None:
        self._formats.idClicked.connect(lambda _id: self._choose(self.form))
        self._browse.clicked.connect(self._ask_path)
        self._path.textChanged.connect(lambda _text: self._forget_warning())
        self._columns.itemChanged.connect(lambda _item: self._look())
        for button in (self._all, self._some):
            button.toggled.connect(lambda _on: self._look())
        self._buttons.accepted.connect(self._accept)
        self._buttons.rejected.connect(self.reject)
        self._theme.changed.connect(self._look)

    @property
    def form(self) -> ExportFormat:
        """The format that is chosen."""
        return list(FORMATS)[self._formats.checkedId()]

    def _places(self) -> list[int]:
        items = [self._columns.item(row) for row in range(self._columns.count())]
        return [
            int(item.data(Qt.ItemDataRole.UserRole))
            for item in items
            if item.checkState() == Qt.CheckState.Checked
        ]

    def _choose(self, form: ExportFormat) -> None:
        """Another format: another extension, unless the name has one of its own."""
        path = Path(self._path.text())
        if path.suffix.removeprefix(".").lower() in set(ExportFormat):
            self._path.setText(str(path.with_suffix(f".{form.value}")))
        sheets = form in {ExportFormat.CSV, ExportFormat.XLSX}
        self._safe.setVisible(sheets)
        self._about_safe.setVisible(sheets)
        self._safe.setEnabled(form is ExportFormat.CSV)
        self._about_safe.setText(tr(_SAFE) if form is ExportFormat.CSV else tr(_SAFE_ANYWAY))
        self._look()

    def _check_all(self, *, on: bool) -> None:
        for row in range(self._columns.count()):
            state = Qt.CheckState.Checked if on else Qt.CheckState.Unchecked
            self._columns.item(row).setCheckState(state)

    def _look(self) -> None:
        """Say what cannot be done before it is tried."""
        many = len(self._places())
        self._counted.setText(
            tr("Columns: {some} of {all}").format(some=many, all=len(self._what.columns))
        )
        rows = self._what.rows if self._some.isChecked() else self._what.all_rows
        trouble = ""
        if not many:
            trouble = tr("Choose at least one column.")
        elif self.form is ExportFormat.XLSX and rows >= MAX_SHEET_ROWS:
            trouble = tr(
                "An Excel sheet holds {most} rows, and these are {rows}. "
                "Filter them, or choose CSV or Parquet."
            ).format(most=words.count(MAX_SHEET_ROWS - 1), rows=words.count(rows))
        self._go.setEnabled(not trouble)
        self._say(trouble)

    def _forget_warning(self) -> None:
        self._may_replace = None
        self._go.setText(tr("Export"))
        self._look()

    def _ask_path(self) -> None:
        name = FORMATS[self.form][0]
        kinds = ";;".join((f"{name} (*.{self.form.value})", tr("All files (*)")))
        dialog = QFileDialog(self, tr("Export to"), self._path.text(), kinds)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix(self.form.value)
        dialog.fileSelected.connect(self._take_path)
        dialog.open()

    def _take_path(self, name: str) -> None:
        self._path.setText(name)
        self._may_replace = Path(name)  # that dialog has asked already

    def _accept(self) -> None:
        if not self._path.text().strip():
            self._say(tr("Name the file to write."))
            return
        self._go.setEnabled(False)
        self._tasks.start(self._check(Path(self._path.text().strip()).expanduser()), name="check")

    async def _propose(self, folders: Sequence[Path]) -> None:
        folder = await asyncio.to_thread(_first, folders)
        if self._over:
            return
        path = Path(self._path.text())
        if folder != path.parent == folders[0]:  # nobody has typed another
            self._path.setText(str(folder / path.name))

    def done(self, result: int) -> None:
        """What is still looked at is not wanted any more."""
        self._over = True
        super().done(result)

    async def _check(self, path: Path) -> None:
        there, trouble = await asyncio.to_thread(_look_at, path)
        if self._over:
            return
        self._go.setEnabled(True)
        if trouble is not None:
            self._say(in_words(trouble, path))
            return
        if there and path != self._may_replace:
            self._may_replace = path
            self._go.setText(tr("Replace it"))
            said = tr("{name} is there already. Replace it, or choose another name.")
            self._say(said.format(name=path.name))
            return
        self.chosen.emit(self._order(path))
        self.accept()

    def _order(self, path: Path) -> Order:
        what, places = self._what, self._places()
        wanted = what.wanted if self._some.isChecked() else Wanted()
        keep = self.form is ExportFormat.CSV and not self._safe.isChecked()
        as_it_is = places == list(range(len(what.columns)))
        return Order(
            job_id=what.job_id,
            path=path,
            form=self.form,
            sort=tuple(keys(what.columns, wanted)),
            where=wanted.where,
            columns=() if as_it_is else tuple(address(what.columns, at) for at in places),
            formulas=Formulas.KEEP if keep else Formulas.ESCAPE,
        )

    def _say(self, sentence: str) -> None:
        self._said.setText(sentence)
        self._said.setVisible(bool(sentence))
        self._said.setStyleSheet(f"color: {self._theme.colors.danger};")


def _first(folders: Sequence[Path]) -> Path:
    """The first folder that is there; the last, if none is."""
    return next((one for one in folders if one.is_dir()), folders[-1])


def _look_at(path: Path) -> tuple[bool, OSError | None]:
    """Whether a file is there, and why none can be written there, as far as can be seen."""
    if path.is_dir():
        return True, OSError(errno.EISDIR, "")
    if not path.parent.is_dir():
        return False, OSError(errno.ENOENT, "")
    if not os.access(path.parent, os.W_OK):
        return False, OSError(errno.EACCES, "")
    return path.exists(), None


def file_name(title: str) -> str:
    """A job's name as that of a file."""
    kept = "".join("_" if sign in _UNFIT or not sign.isprintable() else sign for sign in title)
    return kept.strip(" .")[:80].strip() or tr("result", "file name")


def _shown_rows(what: Exportable) -> str:
    by = order_in_words(what.columns, what.wanted.sort)
    if not by:
        return tr("The %n row(s) shown", "", what.rows)
    return tr("The %n row(s) shown, by {order}", "", what.rows).format(order=by)
