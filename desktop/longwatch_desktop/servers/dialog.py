"""Asks for a server: its name, address and token, and whether its certificate is to be trusted."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from longwatch.client.address import Address
from longwatch.client.errors import InvalidAddress
from longwatch_desktop.servers.probing import Probe, fingerprint, probe
from longwatch_desktop.servers.profiles import Profile
from longwatch_desktop.tasks import Tasks
from longwatch_desktop.theme import Theme, mono_font
from longwatch_desktop.translation import tr


class ServerDialog(QDialog):
    """`given` carries the `Profile` and the token to keep."""

    given = Signal(object, str)

    def __init__(
        self, parent: QWidget, theme: Theme, profile: Profile | None = None, token: str = ""
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._profile = profile
        self._certificate = profile.certificate if profile else ""
        self._over = False
        self._shown = ""
        """A certificate that the server showed, and that is not trusted (yet)."""
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(tr("Edit server") if profile else tr("Add server"))
        self.setMinimumWidth(560)
        self._name = _line(tr("Name"), profile.name if profile else "", tr("Team server"))
        where = profile.url if profile else ""
        self._url = _line(tr("Address"), where, "https://name.example:8443")
        self._token = _line(tr("Token"), token, tr("As whoever runs the server gave it"))
        self._token.setEchoMode(QLineEdit.EchoMode.Password)
        self._said = QLabel()
        self._said.setWordWrap(True)
        self._said.setTextFormat(Qt.TextFormat.PlainText)
        self._said.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._said.setAccessibleName(tr("What came of the test"))
        self._print = QLabel()
        self._print.setFont(mono_font())
        self._print.setWordWrap(True)
        self._print.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._print.setAccessibleName(tr("Fingerprint"))
        self._trust = QCheckBox(tr("They are the same: trust this certificate, and no other"))
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        form.addRow(tr("&Name"), self._name)
        form.addRow(tr("&Address"), self._url)
        form.addRow(tr("&Token"), self._token)
        buttons = QDialogButtonBox()
        self._test = QPushButton(tr("Test"))
        buttons.addButton(self._test, QDialogButtonBox.ButtonRole.ActionRole)
        self._save = buttons.addButton(QDialogButtonBox.StandardButton.Save)
        buttons.addButton(QDialogButtonBox.StandardButton.Cancel)
        layout = QVBoxLayout(self)
        layout.setSpacing(10)
        layout.addLayout(form)
        for widget in (self._said, self._print, self._trust):
            layout.addWidget(widget)
            widget.hide()
        layout.addStretch(1)
        layout.addWidget(buttons)
        self._tasks = Tasks(lambda error: self._say(str(error), bad=True))
        self._test.clicked.connect(self._try)
        buttons.accepted.connect(self._finish)
        buttons.rejected.connect(self.reject)
        self._trust.toggled.connect(self._take_certificate)
        for box in (self._name, self._url, self._token):
            box.textChanged.connect(lambda _text: self._typed())
        self._typed()

    @property
    def said(self) -> str:
        """What it says of the last test; empty before one."""
        return "" if self._said.isHidden() else self._said.text()

    def _typed(self) -> None:
        """Another address is another server: what was said of the last one means nothing."""
        whole = all(box.text().strip() for box in (self._url, self._token))
        self._save.setEnabled(whole)
        self._test.setEnabled(whole)
        for widget in (self._said, self._print, self._trust):
            widget.hide()

    def _address(self) -> Address | None:
        try:
            return Address.parse(self._url.text(), self._token.text(), self._certificate)
        except InvalidAddress as error:
            self._say(str(error), bad=True)
            return None

    def _try(self) -> None:
        address = self._address()
        if address is None:
            return
        self._test.setEnabled(False)
        self._say(tr("Trying…"))
        self._tasks.start(self._probe(address), name="probe")

    def done(self, result: int) -> None:
        """Nobody waits for a test any more."""
        self._over = True
        super().done(result)

    async def _probe(self, address: Address) -> None:
        found = await probe(address)
        if self._over:
            return
        if self._address() == address:  # else it was typed in meanwhile
            self._show(found)
        self._test.setEnabled(True)

    def _show(self, found: Probe) -> None:
        self._say(found.sentence, bad=not found.ok)
        self._shown = found.certificate
        self._print.setVisible(bool(found.certificate))
        self._trust.setVisible(bool(found.certificate))
        if found.certificate:
            self._print.setText(fingerprint(found.certificate))
            self._trust.setChecked(False)

    def _take_certificate(self, trusted: bool) -> None:
        if not trusted:
            self._certificate = self._profile.certificate if self._profile else ""
        elif self._shown:
            self._certificate = self._shown
            self._try()

    def _finish(self) -> None:
        address = self._address()
        if address is None:
            return
        name = self._name.text().strip() or address.label
        known = {"id": self._profile.id} if self._profile else {}
        profile = Profile(name=name, url=address.url, certificate=self._certificate, **known)
        self.given.emit(profile, address.token)
        self.accept()

    def _say(self, sentence: str, *, bad: bool = False) -> None:
        colors = self._theme.colors
        palette = self._said.palette()
        palette.setColor(
            QPalette.ColorRole.WindowText, QColor(colors.danger if bad else colors.text)
        )
        self._said.setPalette(palette)
        self._said.setText(sentence)
        self._said.show()


def _line(name: str, text: str, example: str) -> QLineEdit:
    box = QLineEdit(text)
    box.setAccessibleName(name)
    box.setPlaceholderText(example)
    return box
