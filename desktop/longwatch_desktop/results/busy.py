"""What is being done with the rows, and a way out."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QWidget

from longwatch_desktop.translation import tr

QUIET_MS: Final = 150
"""What takes less is not worth a word that comes and goes."""


class Busy(QWidget):
    """A sentence and *Stop* (`stopped`), once the work takes long enough to be read of."""

    stopped = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.sentence = ""
        """What is being done; empty for nothing."""
        self._loading = False
        """Whether it is rows in view that it tells of: these come by themselves."""
        self._label = QLabel()
        self._label.setAccessibleName(tr("What is being done"))
        self._stop = QToolButton()
        self._stop.setText(tr("Stop"))
        self._stop.setToolTip(tr("Leave the rows as they are"))
        self._stop.clicked.connect(self.stopped)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self._label)
        layout.addWidget(self._stop)
        self.quiet = QTimer(self, interval=QUIET_MS, singleShot=True)
        self.quiet.timeout.connect(self._show)
        self.say("")

    def say(self, sentence: str, *, loading: bool = False) -> None:
        """Say what is being done; nothing when it is over."""
        self.sentence, self._loading = sentence, loading
        if not sentence:
            self.quiet.stop()
            self.hide()
        elif self.isHidden():
            if not self.quiet.isActive():
                self.quiet.start()
        else:
            self._show()

    def wait_for_rows(self, waiting: bool) -> None:
        """Rows in view are on their way, or have come; other work goes before."""
        if not self.sentence or self._loading:
            self.say(tr("Loading rows…") if waiting else "", loading=waiting)

    def _show(self) -> None:
        self._label.setText(self.sentence)
        self._stop.setVisible(not self._loading)
        self.show()
