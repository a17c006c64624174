"""What somebody may choose: the theme, and of what they are told."""

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
    QVBoxLayout,
    QWidget,
)

from longwatch_desktop.notifications import LEAST_S
from longwatch_desktop.theme import Mode

MODES: Final = ((Mode.SYSTEM, "As the system"), (Mode.LIGHT, "Light"), (Mode.DARK, "Dark"))
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
    """Everything takes effect at once. `theme_chosen` carries a `Mode`; `changed` tells that
    something else is another."""

    theme_chosen = Signal(object)
    changed = Signal()

    def __init__(self, parent: QWidget, settings: QSettings, mode: Mode, folder: str) -> None:
        super().__init__(parent)
        self._settings = settings
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Preferences")
        self.setMinimumWidth(460)
        self._theme = QComboBox()
        self._theme.setAccessibleName("Theme")
        for one, title in MODES:
            self._theme.addItem(title, one)
        self._theme.setCurrentIndex([one for one, _ in MODES].index(mode))
        least_s = told_after_s(settings)
        self._notify = QCheckBox("Tell me when a query ends that ran for at least")
        self._notify.setChecked(least_s is not None)
        self._least = QSpinBox()
        self._least.setRange(0, MOST_S)
        self._least.setSuffix(" s")
        self._least.setAccessibleName("Seconds")
        self._least.setValue(int(least_s if least_s is not None else LEAST_S))
        self._least.setEnabled(least_s is not None)
        notify = QHBoxLayout()
        notify.addWidget(self._notify)
        notify.addWidget(self._least)
        notify.addStretch(1)
        hint = QLabel("Only while the window is not in front; several together are one message.")
        hint.setProperty("muted", True)
        hint.setWordWrap(True)
        where = QLabel(folder)
        where.setTextFormat(Qt.TextFormat.PlainText)
        where.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        where.setWordWrap(True)
        where.setAccessibleName("Data folder")
        form = QFormLayout()
        form.setVerticalSpacing(12)
        form.setHorizontalSpacing(16)
        form.addRow("Theme", self._theme)
        form.addRow("Notifications", notify)
        form.addRow("", hint)
        form.addRow("Data folder", where)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setSpacing(16)
        layout.addLayout(form)
        layout.addStretch(1)
        layout.addWidget(buttons)
        self._theme.currentIndexChanged.connect(
            lambda _at: self.theme_chosen.emit(Mode(self._theme.currentData()))
        )
        self._notify.toggled.connect(lambda _on: self._keep())
        self._least.valueChanged.connect(lambda _value: self._keep())

    def _keep(self) -> None:
        on = self._notify.isChecked()
        self._least.setEnabled(on)
        self._settings.setValue(_NOTIFY, "true" if on else "false")
        self._settings.setValue(_LEAST, self._least.value())
        self.changed.emit()
