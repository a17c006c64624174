"""What somebody may choose: theme, language, of what they are told, and what this computer's server
allows."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QSettings, Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QSpinBox,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from longwatch_desktop.language import LANGUAGES, choose_language, chosen_language
from longwatch_desktop.limits import (
    KEEP_BYTES,
    KEEP_JOBS,
    KEEP_RESULTS,
    MAX_RUN,
    MAX_RUNNING,
    MEMORY,
    THREADS,
    Limit,
)
from longwatch_desktop.notifications import LEAST_S
from longwatch_desktop.theme import Mode, inset
from longwatch_desktop.translation import QT_TR_NOOP, tr

MODES: Final = (
    (Mode.SYSTEM, QT_TR_NOOP("As the system")),
    (Mode.LIGHT, QT_TR_NOOP("Light")),
    (Mode.DARK, QT_TR_NOOP("Dark")),
)
_NOTIFY: Final = "notifications/on"
_LEAST: Final = "notifications/least_s"
MOST_S: Final = 86_400


def told_after_s(settings: QSettings) -> float | None:
    """How long a query must run for its end to be told of; `None` for never."""
    if str(settings.value(_NOTIFY, "true")) == "false":
        return None
    try:
        return min(float(MOST_S), max(0.0, float(str(settings.value(_LEAST, LEAST_S)))))
    except ValueError:
        return LEAST_S


class Preferences(QDialog):
    """What the window does takes effect at once, its language and the server's limits at the next
    start. `theme_chosen` carries a `Mode`; `changed` tells that of other things is told now;
    `limits_changed` carries the server's settings that are others, by name: a number, or `None` to
    leave it to the server."""

    theme_chosen = Signal(object)
    changed = Signal()
    limits_changed = Signal(dict)

    def __init__(self, parent: QWidget, settings: QSettings, mode: Mode, folder: str) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(tr("Preferences"))
        self.setMinimumWidth(540)
        window = _WindowPage(settings, mode)
        window.theme_chosen.connect(self.theme_chosen)
        window.changed.connect(self.changed)
        self._server = _ServerPage(folder)
        self._server.changed.connect(self.limits_changed)
        pages = QTabWidget()
        pages.addTab(window, tr("Window"))
        pages.addTab(self._server, tr("This computer's server"))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setSpacing(12)
        layout.addWidget(pages)
        layout.addWidget(buttons)
        layout.setSizeConstraint(QVBoxLayout.SizeConstraint.SetMinimumSize)

    def show_limits(self, limits: dict[str, float]) -> None:
        """What the server's file sets."""
        self._server.show_limits(limits)

    def say(self, trouble: str) -> None:
        """Why the server's limits cannot be read or were not kept."""
        self._server.say(trouble)


class _WindowPage(QWidget):
    theme_chosen = Signal(object)
    changed = Signal()

    def __init__(self, settings: QSettings, mode: Mode) -> None:
        super().__init__()
        self._settings = settings
        self._theme = QComboBox()
        self._theme.setAccessibleName(tr("Theme"))
        for one, title in MODES:
            self._theme.addItem(tr(title), one)
        self._theme.setCurrentIndex([one for one, _ in MODES].index(mode))
        self._language = QComboBox()
        self._language.setAccessibleName(tr("Language"))
        for code, name in LANGUAGES:
            self._language.addItem(name if code else tr(name), code)
        self._language.setCurrentIndex(self._language.findData(chosen_language(settings)))
        self._later = _hint(tr("From the next start on."))
        self._later.hide()
        least_s = told_after_s(settings)
        self._notify = QCheckBox(tr("Tell me of queries that ran for at least"))
        self._notify.setChecked(least_s is not None)
        self._least = QSpinBox()
        inset(self._least)
        self._least.setRange(0, MOST_S)
        self._least.setSuffix(tr(" s"))
        self._least.setAccessibleName(tr("Seconds"))
        self._least.setValue(int(least_s if least_s is not None else LEAST_S))
        self._least.setEnabled(least_s is not None)
        notify = QHBoxLayout()
        notify.setSpacing(10)
        notify.addWidget(self._notify)
        notify.addWidget(self._least)
        notify.addStretch(1)
        hint = _hint(tr("Only while the window is not in front; several together are one message."))
        form = _form(self)
        form.addRow(tr("Theme"), self._theme)
        form.addRow(tr("Language"), self._language)
        form.addRow("", self._later)
        form.setRowVisible(self._later, False)
        form.addRow(tr("Notifications"), notify)
        form.addRow("", hint)
        self._theme.currentIndexChanged.connect(
            lambda _at: self.theme_chosen.emit(Mode(self._theme.currentData()))
        )
        self._language.currentIndexChanged.connect(lambda _at: self._speak(form))
        self._notify.toggled.connect(lambda _on: self._keep())
        self._least.valueChanged.connect(lambda _value: self._keep())

    def _speak(self, form: QFormLayout) -> None:
        choose_language(self._settings, self._language.currentData())
        form.setRowVisible(self._later, True)

    def _keep(self) -> None:
        on = self._notify.isChecked()
        self._least.setEnabled(on)
        self._settings.setValue(_NOTIFY, "true" if on else "false")
        self._settings.setValue(_LEAST, self._least.value())
        self.changed.emit()


class _ServerPage(QWidget):
    """`changed` carries one setting by its name."""

    changed = Signal(dict)

    def __init__(self, folder: str) -> None:
        super().__init__()
        self._boxes: dict[str, tuple[Limit, QSpinBox]] = {}
        self._said = _hint("")
        where = QLabel(folder)
        where.setTextFormat(Qt.TextFormat.PlainText)
        where.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        where.setWordWrap(True)
        where.setAccessibleName(tr("Data folder"))
        form = _form(self)
        for limit, title, suffix, automatic in (
            (MAX_RUNNING, tr("Queries at once"), "", tr("As it comes (2)")),
            (MEMORY, tr("Memory of a query"), tr(" MB"), tr("As the machine has")),
            (THREADS, tr("Threads of a query"), "", tr("All cores")),
            (MAX_RUN, tr("Longest run"), tr(" min"), tr("Any")),
            (KEEP_RESULTS, tr("Keep results"), tr(" days"), tr("As it comes (30 days)")),
            (KEEP_BYTES, tr("Room for results"), tr(" GB"), tr("A fifth of the disk")),
            (KEEP_JOBS, tr("Keep jobs"), "", tr("As it comes (1,000,000)")),
        ):
            form.addRow(title, self._box(limit, title, suffix, automatic))
        form.addRow(tr("Data folder"), where)
        form.addRow("", self._said)
        self.setEnabled(False)

    def show_limits(self, limits: dict[str, float]) -> None:
        for name, (limit, box) in self._boxes.items():
            value = limits.get(name)
            box.blockSignals(True)
            box.setValue(box.minimum() if value is None else max(1, round(value / limit.unit)))
            box.blockSignals(False)
        self._said.setText(
            tr("What you change here counts from the next start of the server on; it is kept in "
               "config.toml in the data folder.")
        )  # fmt: skip
        self.setEnabled(True)

    def say(self, trouble: str) -> None:
        self._said.setText(trouble)

    def _box(self, limit: Limit, title: str, suffix: str, automatic: str) -> QSpinBox:
        box = QSpinBox()
        inset(box)
        box.setAccessibleName(title)
        box.setRange(limit.least - 1, limit.most)
        box.setSpecialValueText(automatic)
        box.setSuffix(suffix)
        box.setGroupSeparatorShown(True)
        box.setKeyboardTracking(False)
        box.valueChanged.connect(lambda value: self._change(limit, value))
        self._boxes[limit.name] = limit, box
        return box

    def _change(self, limit: Limit, value: int) -> None:
        kept = None if value < limit.least else value * limit.unit
        self.changed.emit({limit.name: kept})


def _form(page: QWidget) -> QFormLayout:
    form = QFormLayout(page)
    form.setVerticalSpacing(12)
    form.setHorizontalSpacing(16)
    form.setContentsMargins(16, 16, 16, 16)
    return form


def _hint(text: str) -> QLabel:
    hint = QLabel(text)
    hint.setProperty("muted", True)
    hint.setWordWrap(True)
    return hint
