"""Fields for the `:name`s of a query."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from PySide6.QtCore import QStringListModel, Qt, Signal
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import (
    QCompleter,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMenu,
    QToolButton,
    QWidget,
)

from longwatch.protocol.parameters import Parameter
from longwatch.protocol.sources import QueryParameter
from longwatch_desktop.editor.fields import (
    EXAMPLES,
    TITLES,
    WITHIN,
    FieldError,
    Kind,
    Typed,
    meant,
    prefilled,
)
from longwatch_desktop.flow import FlowLayout
from longwatch_desktop.theme import Theme, mark_wrong
from longwatch_desktop.tips import wrapped
from longwatch_desktop.translation import tr


class ParameterForm(QWidget):
    """One field a name, hidden while there are none. `edited` tells that a value is another."""

    edited = Signal()
    shown = Signal()
    """Other fields are shown, or none."""
    entered = Signal()
    """Enter was pressed in a field."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._fields: dict[str, _Field] = {}
        self._flow = FlowLayout(self, spacing=12)
        self._flow.setContentsMargins(10, 5, 10, 5)
        self.setAccessibleName(tr("Parameters"))
        self.hide()

    def show_fields(
        self,
        names: list[str],
        typed: Mapping[str, Typed],
        declared: Mapping[str, QueryParameter],
        listed: Collection[str] = (),
    ) -> None:
        """Ask for `names`, for lists where they are `listed`. What was typed before comes back,
        else what a saved query suggests."""
        same = all(
            name in self._fields and self._fields[name].declared == declared.get(name)
            for name in names
        )
        if not same or list(self._fields) != names:
            self._rebuild(names, declared)
        for name, field in self._fields.items():
            plain = Typed(many=name in listed)
            suggested = prefilled(declared[name]) if name in declared else plain
            field.show_typed(typed.get(name, suggested))
        self.setVisible(bool(names))
        self.shown.emit()

    def line_height(self) -> int:
        """How high a line of fields is, with what is between two of them."""
        heights = [field.sizeHint().height() for field in self._fields.values()]
        return max(heights, default=0) + self._flow.spacing()

    def typed(self) -> dict[str, Typed]:
        """What stands in the fields."""
        return {name: field.typed for name, field in self._fields.items()}

    def values(self, names: Iterable[str]) -> dict[str, Parameter]:
        """What that means. Raises `FieldError` for the first of `names` that cannot be read."""
        fields = self._fields
        return {
            name: fields[name].value() if name in fields else meant(name, Typed()) for name in names
        }

    def focus_field(self, name: str) -> None:
        """Put the cursor into a field."""
        if name in self._fields:
            self._fields[name].box.setFocus(Qt.FocusReason.OtherFocusReason)
            self._fields[name].box.selectAll()

    def mark(self, error: FieldError | None) -> None:
        """Show which field cannot be read, once it was run with."""
        for name, field in self._fields.items():
            field.mark(str(error) if error is not None and error.name == name else "")

    def _rebuild(self, names: list[str], declared: Mapping[str, QueryParameter]) -> None:
        for field in self._fields.values():
            self._flow.removeWidget(field)
            field.hide()
            field.deleteLater()
        self._fields = {}
        before: QWidget | None = None
        for name in names:
            field = _Field(name, declared.get(name), self._theme)
            field.edited.connect(self.edited)
            field.box.returnPressed.connect(self.entered)
            self._fields[name] = field
            self._flow.addWidget(field)
            field.show()  # else only in the next round of events
            if before is not None:
                QWidget.setTabOrder(before, field.box)
            before = field.box


class _Field(QWidget):
    edited = Signal()

    def __init__(self, name: str, declared: QueryParameter | None, theme: Theme) -> None:
        super().__init__()
        self.declared = declared
        self._name = name
        self._typed = Typed()
        self._choices = declared.choices if declared else None
        title = (declared.title if declared else "") or name
        label = QLabel()
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setText(title.replace("&", "&&"))  # one would mark a letter to press with Alt
        label.setProperty("muted", True)
        self.box = QLineEdit()
        self.box.setAccessibleName(title)
        self.box.setMinimumWidth(150)
        label.setBuddy(self.box)
        if self._choices:
            completer = QCompleter(QStringListModel(self._choices, self.box), self.box)
            completer.setFilterMode(Qt.MatchFlag.MatchContains)
            completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
            self.box.setCompleter(completer)
        self._kinds = _KindButton(title, theme)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(5)
        for widget in (label, self.box, self._kinds):
            layout.addWidget(widget)
        self.box.textChanged.connect(lambda _text: self._changed())
        self._kinds.changed.connect(self._changed)

    @property
    def typed(self) -> Typed:
        return self._typed

    def show_typed(self, typed: Typed) -> None:
        if typed == self._typed and self.box.text() == typed.text:
            self._explain()
            return
        self._typed = typed
        for widget in (self.box, self._kinds):
            widget.blockSignals(True)
        self.box.setText(typed.text)
        self._kinds.choose(typed.kind, many=typed.many)
        for widget in (self.box, self._kinds):
            widget.blockSignals(False)
        self._explain()

    def value(self) -> Parameter:
        return meant(self._name, self._typed, self._choices)

    def mark(self, message: str) -> None:
        mark_wrong(self.box, wrong=bool(message))
        self.box.setToolTip(wrapped(message) if message else self._about())

    def _changed(self) -> None:
        self._typed = Typed(self.box.text(), self._kinds.kind, self._kinds.many)
        self.mark("")
        self._explain()
        self.edited.emit()

    def _explain(self) -> None:
        kind = self._typed.kind
        self.box.setEnabled(kind is not Kind.NULL)
        example = ", ".join(self._choices[:3]) if self._choices else tr(EXAMPLES[kind])
        if self._typed.many:
            example = f"{example}, …" if self._choices else "1, 2, 3"
        self.box.setPlaceholderText(example)
        self.box.setToolTip(self._about())

    def _about(self) -> str:
        about = tr(":{name}, a list, {kind}") if self._typed.many else tr(":{name}, {kind}")
        return about.format(name=self._name, kind=tr(WITHIN[self._typed.kind]))


class _KindButton(QToolButton):
    changed = Signal()

    def __init__(self, title: str, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.setAccessibleName(tr("Type of {name}").format(name=title))
        self.setToolTip(tr("How the value is read"))
        self.setProperty("kind", True)
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(self)
        group = QActionGroup(self)
        self._by_kind: dict[Kind, QAction] = {}
        for kind in Kind:
            action = menu.addAction(tr(TITLES[kind]))
            action.setCheckable(True)
            group.addAction(action)
            self._by_kind[kind] = action
        self._by_kind[Kind.AUTO].setChecked(True)
        menu.addSeparator()
        self._list = menu.addAction(tr("A list, with commas"))
        self._list.setCheckable(True)
        self.setMenu(menu)
        group.triggered.connect(lambda _action: self._choose())
        self._list.triggered.connect(lambda _on: self._choose())
        self._show()

    @property
    def kind(self) -> Kind:
        return next(kind for kind, action in self._by_kind.items() if action.isChecked())

    @property
    def many(self) -> bool:
        return self._list.isChecked()

    def choose(self, kind: Kind, *, many: bool) -> None:
        self._by_kind[kind].setChecked(True)
        self._list.setChecked(many)
        self._show()

    def _choose(self) -> None:
        self._show()
        self.changed.emit()

    def _show(self) -> None:
        short = {
            Kind.AUTO: tr("auto"),
            Kind.TIMESTAMP: tr("time"),
            Kind.IDENTIFIER: tr("name"),
            Kind.BOOLEAN: tr("yes/no"),
            Kind.NULL: "NULL",
        }
        kind = short.get(self.kind) or tr(WITHIN[self.kind])
        self.setText(tr("{kind} list").format(kind=kind) if self.many else kind)
