"""When a report is shown: the first one at once, others so that they do not get in the way."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QWidget

from longwatch_desktop.notice import NoticeBar
from longwatch_desktop.reports.collecting import Reports
from longwatch_desktop.theme import Theme
from longwatch_desktop.translation import tr

if TYPE_CHECKING:
    from longwatch_desktop.reports.dialog import ReportDialog

QUIET_S: Final = 60.0
"""How long after a report was shown another error only gets a line over the table."""
RENEW_MS: Final = 250
"""An error that comes with every repainting, which showing it brings about, comes at most as often
as this."""


class ReportDesk(QObject):
    """Opens the one dialog there is, by itself or when `action` is triggered."""

    def __init__(
        self,
        reports: Reports,
        action: QAction,
        theme: Theme,
        notice: NoticeBar,
        facts: Callable[[], list[str]],
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._reports = reports
        self._action = action
        self._theme = theme
        self._notice = notice
        self._facts = facts
        self._window = window
        self.dialog: ReportDialog | None = None
        """Once one was shown; it stays."""
        self._known = 0
        self._shown_s = float("-inf")
        self._broken = False
        self._renew = QTimer(self, interval=RENEW_MS, singleShot=True)
        self._renew.timeout.connect(self._look)
        action.triggered.connect(self.show_last)
        reports.changed.connect(self._changed)
        self._changed()

    def show_last(self) -> None:
        """Show the report that came last."""
        if self._reports.last is None:
            return
        dialog = self._opened()
        dialog.show_last()
        dialog.activateWindow()

    async def stop(self) -> None:
        """The program ends: show nothing more."""
        self._broken = True
        if self.dialog is not None:
            self.dialog.hide()
            await self.dialog.stop()

    def _changed(self) -> None:
        self._action.setEnabled(self._reports.last is not None)
        if self._reports.last is not None and not self._renew.isActive():
            self._renew.start()

    def _look(self) -> None:
        if self._broken:
            return
        self._broken = True  # unless this ends well: it would fail again, and again
        self._show_news()
        self._broken = False

    def _show_news(self) -> None:
        known, self._known = self._known, len(self._reports.all) + self._reports.more
        if self.dialog is not None and self.dialog.isVisible():
            self.dialog.renew()
        elif self._known == known:
            return  # one that was shown before, again
        elif time.monotonic() - self._shown_s < QUIET_S:
            self._notice.say(
                tr("Something else went wrong in Longwatch itself. It goes on, and so do your "
                   "queries."),
                tr("Show report"),
                self.show_last,
            )  # fmt: skip
        else:
            self._opened()

    def _opened(self) -> ReportDialog:
        if self.dialog is None:
            from longwatch_desktop.reports.dialog import ReportDialog  # noqa: PLC0415 - seldom

            self.dialog = ReportDialog(self._reports, self._theme, self._facts, self._window)
        self._shown_s = time.monotonic()
        self.dialog.renew()
        self.dialog.show()
        self.dialog.raise_()
        return self.dialog
