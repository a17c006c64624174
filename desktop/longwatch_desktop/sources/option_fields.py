"""One field for each kind of thing that an engine needs to know of a source."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QRegularExpression, Signal
from PySide6.QtGui import QRegularExpressionValidator
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QLineEdit,
    QMenu,
    QPushButton,
    QWidget,
)

from longwatch.protocol.sources import EngineOption, OptionKind, SecretReference
from longwatch_desktop.sources.drafts import Secret
from longwatch_desktop.theme import mark_wrong
from longwatch_desktop.tips import wrapped
from longwatch_desktop.translation import QT_TR_NOOP, tr

UPLOADED: Final = "file:"
"""How the path of a file begins that was sent to the server."""
KEPT: Final = QT_TR_NOOP("Set; leave empty to keep it")


class OptionField(QWidget):
    """`edited` tells that it is another value; `value` is empty for none."""

    edited = Signal()

    def __init__(self, option: EngineOption) -> None:
        super().__init__()
        self.option = option
        self._line = QHBoxLayout(self)
        self._line.setContentsMargins(0, 0, 0, 0)
        self._line.setSpacing(6)

    def value(self) -> str:
        """What the option is to be."""
        raise NotImplementedError

    def show_value(self, value: str) -> None:
        """Show what it is."""
        raise NotImplementedError

    def mark(self, message: str) -> None:
        """Show that it is wrong, and why; an empty message takes the mark away."""
        for box in self.findChildren(QLineEdit):
            mark(box, message)

    def _put(self, *widgets: QWidget) -> None:
        for number, widget in enumerate(widgets):
            self._line.addWidget(widget, 0 if number else 1)
            if isinstance(widget, QComboBox):
                widget.setMinimumHeight(QLineEdit().sizeHint().height())
        self.setFocusProxy(widgets[0])


class TextField(OptionField):
    """A line of text, or a whole number."""

    def __init__(self, option: EngineOption) -> None:
        super().__init__(option)
        self.box = QLineEdit()
        self.box.setAccessibleName(option.title)
        self.box.setPlaceholderText(option.hint)
        if option.kind is OptionKind.NUMBER:
            digits = QRegularExpression(r"\d{0,9}")
            self.box.setValidator(QRegularExpressionValidator(digits, self.box))
        self.box.textChanged.connect(lambda _text: self.edited.emit())
        self._put(self.box)

    def value(self) -> str:
        return self.box.text().strip()

    def show_value(self, value: str) -> None:
        self.box.setText(value)


class ChoiceField(OptionField):
    """One of some choices, or what the engine takes by itself."""

    def __init__(self, option: EngineOption) -> None:
        super().__init__(option)
        self._box = QComboBox()
        self._box.setAccessibleName(option.title)
        usual = tr("As usual ({value})") if option.hint else tr("As usual")
        self._box.addItem(usual.format(value=option.hint), "")
        for choice in option.choices:
            self._box.addItem(choice, choice)
        self._box.currentIndexChanged.connect(lambda _at: self.edited.emit())
        self._put(self._box)

    def value(self) -> str:
        return str(self._box.currentData())

    def show_value(self, value: str) -> None:
        self._box.setCurrentIndex(max(0, self._box.findData(value)))


class FlagField(OptionField):
    """Yes or no."""

    def __init__(self, option: EngineOption) -> None:
        super().__init__(option)
        self._box = QCheckBox(option.title)
        self._box.setToolTip(wrapped(option.hint) if option.hint else "")
        self._box.toggled.connect(lambda _on: self.edited.emit())
        self._put(self._box)

    def value(self) -> str:
        return "true" if self._box.isChecked() else ""

    def show_value(self, value: str) -> None:
        self._box.setChecked(value == "true")


class PathField(TextField):
    """A path on the server: chosen where the server is this machine, else also a file to send.
    `chosen` asks for a file, or for a folder if its argument is true."""

    chosen = Signal(bool)

    def __init__(self, option: EngineOption, *, remote: bool) -> None:
        super().__init__(option)
        self._uploaded = ""
        self.is_remote = remote
        self.button = QPushButton(tr("Send a file…") if remote else tr("Browse…"))
        self.button.setAutoDefault(False)
        spoken = tr("Send a file… {option}") if remote else tr("Browse… {option}")
        self.button.setAccessibleName(spoken.format(option=option.title))
        self._line.addWidget(self.button)
        if remote:
            self.box.setPlaceholderText(tr("A path on the server, or send a file"))
        if remote or "folder" not in option.title.lower():
            self.button.clicked.connect(lambda: self.chosen.emit(False))
            return
        menu = QMenu(self.button)
        menu.addAction(tr("A folder…"), lambda: self.chosen.emit(True))
        menu.addAction(tr("A file…"), lambda: self.chosen.emit(False))
        self.button.setMenu(menu)

    def value(self) -> str:
        return self._uploaded or super().value()

    def show_value(self, value: str) -> None:
        if value.startswith(UPLOADED):
            self.show_uploaded(value, tr("a file that was sent"))
        else:
            self.show_path(value)

    def show_path(self, path: str) -> None:
        """A path as it is."""
        self._uploaded = ""
        self.box.setReadOnly(False)
        self.box.setText(path)

    def show_uploaded(self, path: str, about: str) -> None:
        """A file that lies on the server now: its path is none that says anything to people."""
        self._uploaded = path
        self.box.setReadOnly(True)
        self.box.setText(about)
        self.edited.emit()


class SecretField(OptionField):
    """A text that is not shown, or the name of a variable of the server's environment that has
    it."""

    def __init__(self, option: EngineOption, *, is_set: bool) -> None:
        super().__init__(option)
        self._is_set = is_set
        self.box = QLineEdit()
        self.box.setAccessibleName(option.title)
        self._how = QComboBox()
        self._how.setAccessibleName(tr("Where {option} is kept").format(option=option.title))
        self._how.addItem(tr("kept encrypted"), self._plain)
        self._how.addItem(tr("server's variable"), self._variable)
        if is_set:
            self._how.addItem(tr("take it away"), self._none)
        self.box.textChanged.connect(lambda _text: self.edited.emit())
        self._how.currentIndexChanged.connect(lambda _at: self._choose())
        self._put(self.box, self._how)
        self._choose()

    def value(self) -> str:
        return ""

    def show_value(self, value: str) -> None:
        """Nobody is told what a secret is."""

    def given(self) -> tuple[bool, Secret]:
        """Whether it is mentioned at all, and what it is to be then."""
        how: Callable[[], tuple[bool, Secret]] = self._how.currentData()
        return how()

    def _plain(self) -> tuple[bool, Secret]:
        return bool(self.box.text()), self.box.text()

    def _variable(self) -> tuple[bool, Secret]:
        return True, SecretReference(env=self.box.text().strip())

    def _none(self) -> tuple[bool, Secret]:
        return True, None

    def _choose(self) -> None:
        at = self._how.currentIndex()
        echo = QLineEdit.EchoMode.Normal if at == 1 else QLineEdit.EchoMode.Password
        self.box.setEchoMode(echo)
        self.box.setEnabled(at != 2)
        hints = (tr(KEPT) if self._is_set else self.option.hint, "PGPASSWORD", "")
        self.box.setPlaceholderText(hints[at])
        self.edited.emit()


def field_for(option: EngineOption, *, is_set: bool, remote: bool) -> OptionField:
    """The field that asks for an option. `is_set` is of a secret, `remote` of the server."""
    match option.kind:
        case OptionKind.PATH:
            return PathField(option, remote=remote)
        case OptionKind.SECRET:
            return SecretField(option, is_set=is_set)
        case OptionKind.CHOICE:
            return ChoiceField(option)
        case OptionKind.FLAG:
            return FlagField(option)
        case _:
            return TextField(option)


def mark(box: QLineEdit, message: str) -> None:
    """Show that what is in a box is wrong, and why; an empty message takes the mark away."""
    mark_wrong(box, wrong=bool(message))
    box.setToolTip(wrapped(message) if message else "")
