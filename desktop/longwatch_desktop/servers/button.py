"""The server that is looked at, in the toolbar: a click switches to another."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QAction, QActionGroup, QColor, QIcon, QPainter, QPixmap
from PySide6.QtWidgets import QMenu, QToolButton

from longwatch_desktop.servers.control import HERE, ServerControl
from longwatch_desktop.servers.status import shade_of
from longwatch_desktop.session import Link, Session
from longwatch_desktop.theme import Theme
from longwatch_desktop.tips import wrapped
from longwatch_desktop.translation import tr

MOST_CHARS = 28


class ServerButton(QToolButton):
    """Says which server it is and how the connection does."""

    def __init__(self, control: ServerControl, session: Session, theme: Theme) -> None:
        super().__init__()
        self._control = control
        self._session = session
        self._theme = theme
        self._servers = QMenu(tr("Server"), self)
        self.setMenu(self._servers)
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setProperty("kind", True)
        control.changed.connect(self._show)
        session.health_changed.connect(lambda _health: self._show())
        theme.changed.connect(self._show)
        self._servers.aboutToShow.connect(lambda: fill(self._servers, control))
        self._show()

    def _show(self) -> None:
        title = self._control.title
        short = title if len(title) <= MOST_CHARS else title[: MOST_CHARS - 1] + "…"
        health = self._session.health
        state = {
            Link.STARTING: tr("starting"),
            Link.CONNECTED: tr("connected"),
            Link.RECONNECTING: tr("no connection"),
            Link.FAILED: tr("no server"),
        }[health.link]
        self.setText(short)
        name = tr("Server: {title}, {state}").format(title=title, state=state)
        self.setAccessibleName(name)
        version = f", Longwatch {health.version}" if health.version else ""
        tip = tr("{title}: {state}{version}. Click to work with another server.")
        self.setToolTip(wrapped(tip.format(title=title, state=state, version=version)))
        self.setIcon(self._dot(health.link))

    def _dot(self, link: Link) -> QIcon:
        """As in the status bar: filled while connected, else a ring."""
        shade = shade_of(link, self._theme.colors)
        ratio = self.devicePixelRatioF()
        picture = QPixmap(round(16 * ratio), round(16 * ratio))
        picture.setDevicePixelRatio(ratio)
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QColor(shade))
        if link is Link.CONNECTED:
            painter.setBrush(QColor(shade))
        painter.drawEllipse(QRectF(4, 4, 8, 8))
        painter.end()
        return QIcon(picture)


def fill(menu: QMenu, control: ServerControl) -> None:
    """Every server, and what can be done about them."""
    menu.clear()
    group = QActionGroup(menu)
    for profile in (None, *control.profiles):
        action = QAction(profile.name if profile else tr(HERE), menu)
        action.setCheckable(True)
        action.setChecked(profile == control.current)
        action.setToolTip(profile.url if profile else "")
        action.triggered.connect(lambda _on, profile=profile: control.choose(profile))
        group.addAction(action)
        menu.addAction(action)
    menu.addSeparator()
    menu.addAction(tr("Add server…"), control.add)
    edit = menu.addAction(tr("Edit server…"), control.edit)
    remove = menu.addAction(tr("Remove server…"), control.remove)
    for action in (edit, remove):
        action.setEnabled(control.current is not None)
