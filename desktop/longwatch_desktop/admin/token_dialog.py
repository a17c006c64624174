"""Asks whose a new token is to be, and shows it once."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from longwatch.protocol.people import MAX_PERSON_CHARS, MAX_TOKEN_DAYS, NewToken, Role, TokenDraft
from longwatch_desktop.theme import Theme, inset, mono_font
from longwatch_desktop.translation import QT_TR_NOOP, tr

ROLES: Final = (
    (Role.ANALYST, QT_TR_NOOP("Analyst"), QT_TR_NOOP("Runs queries, and has jobs of its own.")),
    (Role.VIEWER, QT_TR_NOOP("Viewer"), QT_TR_NOOP("Sees jobs and results, and changes nothing.")),
    (Role.ADMIN, QT_TR_NOOP("Admin"), QT_TR_NOOP("May do everything, others' jobs included.")),
    (
        Role.WORKER,
        QT_TR_NOOP("Worker"),
        QT_TR_NOOP("Is for a machine that carries out queries, and good for nothing else."),
    ),
)


class TokenDialog(QDialog):
    """`wanted` carries the `TokenDraft` to make a token of."""

    wanted = Signal(object)

    def __init__(self, parent: QWidget, theme: Theme) -> None:
        super().__init__(parent)
        self._theme = theme
        self._secret = ""
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(tr("New token"))
        self.setMinimumWidth(540)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self._asking())
        self._stack.addWidget(self._telling())
        self._show_role()
        self._typed()

    def _asking(self) -> QWidget:
        page = QWidget()
        self._name = QLineEdit()
        self._name.setAccessibleName(tr("Name of the person"))
        self._name.setMaxLength(MAX_PERSON_CHARS)
        self._name.setPlaceholderText(tr("Its jobs are listed under this name"))
        self._role = QComboBox()
        self._role.setAccessibleName(tr("Role"))
        for role, title, _ in ROLES:
            self._role.addItem(tr(title), role)
        self._about = QLabel()
        self._about.setProperty("muted", True)
        self._days = QSpinBox()
        inset(self._days)
        self._days.setAccessibleName(tr("Days until it expires"))
        self._days.setRange(0, MAX_TOKEN_DAYS)
        self._days.setSuffix(tr(" days"))
        self._days.setSpecialValueText(tr("Until it is revoked"))
        self._said = QLabel()
        self._said.setWordWrap(True)
        self._said.setTextFormat(Qt.TextFormat.PlainText)
        self._said.hide()
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        form.addRow(tr("&Name"), self._name)
        form.addRow(tr("&Role"), self._role)
        form.addRow("", self._about)
        form.addRow(tr("&Good for"), self._days)
        buttons = QDialogButtonBox()
        self._make = QPushButton(tr("Make token"))
        self._make.setDefault(True)
        buttons.addButton(self._make, QDialogButtonBox.ButtonRole.ActionRole)
        buttons.addButton(QDialogButtonBox.StandardButton.Cancel)
        layout = QVBoxLayout(page)
        layout.setSpacing(10)
        layout.addLayout(form)
        layout.addWidget(self._said)
        layout.addStretch(1)
        layout.addWidget(buttons)
        buttons.rejected.connect(self.reject)
        self._make.clicked.connect(self._ask)
        self._name.textChanged.connect(lambda _text: self._typed())
        self._role.currentIndexChanged.connect(lambda _at: self._show_role())
        return page

    def _telling(self) -> QWidget:
        page = QWidget()
        self._whose = QLabel()
        self._whose.setTextFormat(Qt.TextFormat.PlainText)
        self._whose.setWordWrap(True)
        self._shown = QLineEdit()
        self._shown.setReadOnly(True)
        self._shown.setFont(mono_font())
        self._shown.setAccessibleName(tr("Token"))
        hint = QLabel(
            tr("Copy it now, and pass it on as you would a password: nobody can look it up later. "
               "If it is lost, revoke it and make another.")
        )  # fmt: skip
        hint.setProperty("muted", True)
        hint.setWordWrap(True)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        copy = QPushButton(tr("Copy"))
        buttons.addButton(copy, QDialogButtonBox.ButtonRole.ActionRole)
        layout = QVBoxLayout(page)
        layout.setSpacing(10)
        for widget in (self._whose, self._shown, hint):
            layout.addWidget(widget)
        layout.addStretch(1)
        layout.addWidget(buttons)
        copy.clicked.connect(self._copy)
        buttons.rejected.connect(self.accept)
        return page

    def show_token(self, made: NewToken) -> None:
        """Show the token that was made."""
        self._secret = made.secret
        self._whose.setText(tr("The token of {name}:").format(name=made.token.name))
        self._shown.setText(made.secret)
        self._shown.setCursorPosition(0)
        self._stack.setCurrentIndex(1)

    def say(self, trouble: str) -> None:
        """Why none was made."""
        self._said.setStyleSheet(f"color: {self._theme.colors.danger};")
        self._said.setText(trouble)
        self._said.show()
        self._typed()

    def _typed(self) -> None:
        self._make.setEnabled(bool(self._name.text().strip()))

    def _show_role(self) -> None:
        self._about.setText(tr(ROLES[self._role.currentIndex()][2]))

    def _ask(self) -> None:
        self._make.setEnabled(False)
        self._said.hide()
        self.wanted.emit(
            TokenDraft(
                name=self._name.text().strip(),
                role=Role(self._role.currentData()),
                expires_days=float(self._days.value()) or None,
            )
        )

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self._secret)
