"""The row of conditions above a result: which rows are shown."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from longwatch.protocol.jobs import Column
from longwatch.protocol.results import Condition, Op
from longwatch_desktop.flow import FlowLayout
from longwatch_desktop.results.wanted import (
    WITHOUT_VALUE,
    NoValue,
    condition,
    example,
    in_words,
    operators,
    place_of,
    typed_text,
)
from longwatch_desktop.theme import Theme, mark_wrong
from longwatch_desktop.tips import wrapped
from longwatch_desktop.translation import tr


class ConditionBar(QFrame):
    """Hidden while there is no condition and none is being made. `asked` carries a condition that
    was made and its place, -1 for a new one; `removed` a place; `cleared` takes all away."""

    asked = Signal(object, int)
    removed = Signal(int)
    cleared = Signal()
    left = Signal()
    """The form was closed: the rows may have the keys again."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._columns: Sequence[Column] = ()
        self._where: tuple[Condition, ...] = ()
        self._closers: list[QToolButton] = []
        self.setObjectName("conditions")
        self._chips = QWidget()
        self._flow = FlowLayout(self._chips, spacing=6)
        self._flow.setContentsMargins(10, 2, 10, 4)
        self.form = ConditionForm(theme)
        self.form.hide()
        self.form.made.connect(self._made)
        self.form.closed.connect(self._close_form)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._chips)
        layout.addWidget(self.form)
        theme.changed.connect(self._recolor)
        self._show_or_hide()

    def show_conditions(self, columns: Sequence[Column], where: tuple[Condition, ...]) -> None:
        """Show the filter in force (or on its way)."""
        if columns != self._columns:
            self._columns = columns
            self.form.hide()
        if where != self._where or not where:
            self._where = where
            self._fill()
        self._show_or_hide()

    def ask(self, place: int) -> None:
        """Let the user make a condition of a column."""
        if self._columns:
            self.form.open(self._columns, place)
            self._show_or_hide()

    def _edit(self, number: int) -> None:
        self.form.open(self._columns, 0, self._where[number], number)
        self._show_or_hide()

    def _made(self, made: object, number: int) -> None:
        self.form.hide()
        self._show_or_hide()
        self.asked.emit(made, number)
        self.left.emit()

    def _close_form(self) -> None:
        self.form.hide()
        self._show_or_hide()
        self.left.emit()

    def _fill(self) -> None:
        self._closers.clear()
        while (item := self._flow.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        for number, one in enumerate(self._where):
            self._flow.addWidget(self._chip(number, in_words(self._columns, one)))
        if len(self._where) > 1:
            all_ = QToolButton()
            all_.setText(tr("Show all rows"))
            all_.clicked.connect(self.cleared)
            self._flow.addWidget(all_)
        self._recolor()

    def _chip(self, number: int, text: str) -> QWidget:
        chip = QFrame()
        chip.setObjectName("condition")
        change = QToolButton()
        change.setText(text.replace("&", "&&"))
        change.setToolTip(wrapped("\n".join((text, tr("Click to change it.")))))
        change.setAccessibleName(tr("Change the condition {condition}").format(condition=text))
        change.clicked.connect(lambda: self._edit(number))
        away = QToolButton()
        away.setToolTip(tr("Remove this condition"))
        away.setAccessibleName(tr("Remove the condition {condition}").format(condition=text))
        away.clicked.connect(lambda: self.removed.emit(number))
        self._closers.append(away)
        row = QHBoxLayout(chip)
        row.setContentsMargins(2, 0, 2, 0)
        row.setSpacing(0)
        row.addWidget(change)
        row.addWidget(away)
        return chip

    def _show_or_hide(self) -> None:
        self._chips.setVisible(bool(self._where))
        self.setVisible(bool(self._where) or not self.form.isHidden())

    def _recolor(self) -> None:
        colors = self._theme.colors
        for button in self._closers:
            button.setIcon(self._theme.icon("close", colors.muted))
        self.setStyleSheet(
            f"QFrame#condition {{ background: {colors.selection}; border-radius: 9px; }}"
            "QFrame#condition QToolButton { padding: 2px 6px; }"
        )


class ConditionForm(QWidget):
    """Column, comparison, value. `made` carries the `Condition` and the place it is for."""

    made = Signal(object, int)
    closed = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._known: Sequence[Column] = ()
        self._number = -1
        self._columns = QComboBox()
        self._columns.setAccessibleName(tr("Column"))
        self._columns.setMinimumWidth(120)
        self._columns.setMaximumWidth(240)
        self._operators = QComboBox()
        self._operators.setAccessibleName(tr("Comparison"))
        self._value = QLineEdit()
        self._value.setAccessibleName(tr("Value"))
        self._value.setMinimumWidth(100)
        self._value.setMaximumWidth(320)
        self._apply = QToolButton()
        self._apply.setText(tr("Show these rows"))
        self._apply.setObjectName("apply")
        self._away = QToolButton()
        self._away.setToolTip(tr("Close (Esc)"))
        self._away.setAccessibleName(tr("Close the form"))
        self._wrong = QLabel()
        self._wrong.setTextFormat(Qt.TextFormat.PlainText)
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 2, 10, 6)
        row.setSpacing(6)
        row.addWidget(self._columns)
        row.addWidget(self._operators)
        row.addWidget(self._value, 1)
        row.addWidget(self._apply)
        row.addWidget(self._away)
        row.addWidget(self._wrong, 1)
        row.addStretch(0)
        self._columns.currentIndexChanged.connect(lambda _at: self._offer())
        self._operators.currentIndexChanged.connect(lambda _at: self._ready_value())
        self._value.textEdited.connect(lambda _text: self._say(""))
        self._apply.clicked.connect(self._make)
        self._away.clicked.connect(self.closed)
        for widget in (self._columns, self._operators, self._value):
            widget.installEventFilter(self)
        theme.changed.connect(self._recolor)
        self._recolor()

    def open(
        self,
        columns: Sequence[Column],
        place: int,
        given: Condition | None = None,
        number: int = -1,
    ) -> None:
        """Ask for a condition of the column at `place`, or change a `given` one."""
        self._known = columns
        self._number = number
        self._columns.blockSignals(True)
        self._columns.clear()
        self._columns.addItems([column.name for column in columns])
        place = place if given is None else place_of(columns, given.column)
        self._columns.setCurrentIndex(place)
        self._columns.blockSignals(False)
        self._offer()
        self._value.setText("" if given is None else typed_text(given))
        if given is not None:
            self._operators.setCurrentIndex(self._operators.findData(given.op.value))
        self._say("")
        self.show()
        reason = Qt.FocusReason.OtherFocusReason
        (self._value if self._value.isEnabled() else self._operators).setFocus(reason)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        if event.type() == QEvent.Type.KeyPress:
            assert isinstance(event, QKeyEvent)
            if event.key() == Qt.Key.Key_Escape:
                self.closed.emit()
                return True
            if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
                self._make()
                return True
        return False

    @property
    def _op(self) -> Op:
        return Op(self._operators.currentData())

    def _offer(self) -> None:
        """What the chosen column can be asked for; the comparison stays if it fits."""
        place = self._columns.currentIndex()
        if not 0 <= place < len(self._known):
            return
        before = self._operators.currentData()
        self._operators.blockSignals(True)
        self._operators.clear()
        for op, said in operators(self._known[place]).items():
            self._operators.addItem(said, op.value)
        self._operators.setCurrentIndex(max(0, self._operators.findData(before)))
        self._operators.blockSignals(False)
        self._ready_value()

    def _ready_value(self) -> None:
        place = self._columns.currentIndex()
        if self._operators.currentIndex() < 0 or not 0 <= place < len(self._known):
            return
        needed = self._op not in WITHOUT_VALUE
        self._value.setEnabled(needed)
        hint = example(self._known[place], self._op) if needed else ""
        self._value.setPlaceholderText(hint)
        self._say("")

    def _make(self) -> None:
        place = self._columns.currentIndex()
        try:
            made = condition(self._known, place, self._op, self._value.text())
        except NoValue as error:
            self._say(str(error))
            self._value.setFocus(Qt.FocusReason.OtherFocusReason)
            return
        self.made.emit(made, self._number)

    def _say(self, sentence: str) -> None:
        self._wrong.setText(sentence)
        self._wrong.setVisible(bool(sentence))
        mark_wrong(self._value, wrong=bool(sentence))

    def _recolor(self) -> None:
        colors = self._theme.colors
        self._away.setIcon(self._theme.icon("close", colors.muted))
        self._wrong.setStyleSheet(f"color: {colors.danger};")
        self._apply.setStyleSheet(
            f"#apply {{ border: 1px solid {colors.border}; background: {colors.base}; }}"
            f"#apply:hover {{ background: {colors.hover}; }}"
            f"#apply:focus {{ border-color: {colors.accent}; }}"
        )
