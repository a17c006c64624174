"""Who is told when the query of a tab is over."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QMenu, QToolButton, QWidget

from longwatch_desktop.tips import wrapped
from longwatch_desktop.translation import tr

MOST_CHARS = 24


class NotifyButton(QToolButton):
    """A menu of those whom the server may tell; hidden where there are none. `changed` tells that
    somebody chose others."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._offered: list[str] = []
        self._chosen: list[str] = []
        self._choices = QMenu(self)
        self._choices.setToolTipsVisible(True)
        self.setMenu(self._choices)
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setProperty("kind", True)
        self._choices.aboutToShow.connect(self._fill)
        self.hide()

    @property
    def chosen(self) -> list[str]:
        """Who is to be told, and can be."""
        return [name for name in self._chosen if name in self._offered]

    @property
    def remembered(self) -> list[str]:
        """Who is to be told, those included of whom only another server knows."""
        return [*self._chosen]

    def offer(self, names: Sequence[str]) -> None:
        """The server can tell these."""
        self._offered = [*names]
        self._show()

    def choose(self, names: Sequence[str]) -> None:
        """These are to be told: of the tab that is in front now."""
        self._chosen = [*names]
        self._show()

    def _fill(self) -> None:
        """Anew each time: a check is Qt's, and what is chosen is another tab's meanwhile."""
        self._choices.clear()
        self._choices.addSection(tr("When it is over, tell"))
        for name in self._offered:
            action = self._choices.addAction(name.replace("&", "&&"))
            action.setCheckable(True)
            action.setChecked(name in self._chosen)
            action.toggled.connect(lambda on, name=name: self._toggle(name, on=on))

    def _toggle(self, name: str, *, on: bool) -> None:
        others = [one for one in self._chosen if one != name]
        self._chosen = [*others, name] if on else others
        self._show()
        self.changed.emit()

    def _show(self) -> None:
        chosen = self.chosen
        if not chosen:
            text = tr("Tell nobody")
        elif len(chosen) == 1:
            name = chosen[0]
            short = name if len(name) <= MOST_CHARS else name[: MOST_CHARS - 1] + "…"
            text = tr("Tell {name}").format(name=short)
        else:
            text = tr("Tell %n", "so many places", len(chosen))
        self.setText(text.replace("&", "&&"))
        names = ", ".join(chosen)
        about = (
            tr("When the query is over, the server tells: {names}").format(names=names)
            if chosen
            else tr("Whom the server tells when the query is over")
        )
        self.setToolTip(wrapped(about))
        self.setAccessibleName(about)
        self.setVisible(bool(self._offered))
