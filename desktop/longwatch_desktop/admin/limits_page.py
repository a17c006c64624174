"""What a server allows, and where each limit can be changed."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from longwatch.protocol.limits import Limit, LimitList, LimitOrigin
from longwatch_desktop import words
from longwatch_desktop.limits import LIMITS as OWN
from longwatch_desktop.text_table import TextTable
from longwatch_desktop.translation import QT_TR_NOOP, figures, tr

TITLES: Final = {
    "max_running": QT_TR_NOOP("Queries at once"),
    "max_running_per_owner": QT_TR_NOOP("Queries of one person at once"),
    "max_queued": QT_TR_NOOP("Jobs that may wait"),
    "max_queued_per_owner": QT_TR_NOOP("Jobs of one person that may wait"),
    "max_run_s": QT_TR_NOOP("Longest run"),
    "memory_bytes": QT_TR_NOOP("Memory of a query"),
    "threads": QT_TR_NOOP("Threads of a query"),
    "spill_bytes": QT_TR_NOOP("Disk a query may spill to"),
    "max_result_rows": QT_TR_NOOP("Rows of a result"),
    "max_result_bytes": QT_TR_NOOP("Size of a result"),
    "max_attempts": QT_TR_NOOP("Tries of a query that only reads"),
    "retry_delay_s": QT_TR_NOOP("Wait before the second try"),
    "keep_results_days": QT_TR_NOOP("Keep results"),
    "keep_results_bytes": QT_TR_NOOP("Room for results"),
    "results_bytes_per_person": QT_TR_NOOP("Room for what one person keeps"),
    "results_bytes": QT_TR_NOOP("Room for results, until new jobs are refused"),
    "keep_jobs_days": QT_TR_NOOP("Keep jobs"),
    "keep_jobs": QT_TR_NOOP("Jobs that are kept"),
    "runs_kept_days": QT_TR_NOOP("Remember runs"),
    "max_runs": QT_TR_NOOP("Runs that are remembered"),
    "max_upload_bytes": QT_TR_NOOP("Size of an uploaded file"),
    "max_feeds": QT_TR_NOOP("Windows and programs that follow jobs"),
    "max_feeds_per_person": QT_TR_NOOP("Those of one person"),
    "idempotency_hours": QT_TR_NOOP("Keys of submits are remembered"),
    "drain_s": QT_TR_NOOP("Wait for running queries at the end"),
    "worker_lease_s": QT_TR_NOOP("Silence of a worker until it is given up"),
}
"""What the limits are called; one that a newer server has is told of in its own words."""
_OWN: Final = frozenset(one.name for one in OWN)
"""Those that the preferences have."""


class LimitsPage(QWidget):
    """What is allowed; below, how what is chosen can be changed."""

    def __init__(self) -> None:
        super().__init__()
        self._told: dict[str, Limit] = {}
        self._file = ""
        self._here = False
        self.table = TextTable(
            tr("Limits"), [tr("What"), tr("How much"), tr("Where from")], numbers=(1,)
        )
        self._how = QLabel()
        self._how.setTextFormat(Qt.TextFormat.PlainText)
        self._how.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._how.setWordWrap(True)
        self._how.setMinimumHeight(2 * self._how.fontMetrics().lineSpacing())
        self._how.setAlignment(Qt.AlignmentFlag.AlignTop)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 8, 0, 0)
        layout.addWidget(self.table, 1)
        layout.addWidget(self._how)
        self.table.chosen.connect(self._explain)
        self.table.say(tr("Asking the server…"))

    @property
    def said(self) -> str:
        """How the chosen one can be changed."""
        return self._how.text()

    def show_limits(self, told: LimitList, *, here: bool) -> None:
        """Show these; `here`: they are of this computer's own server."""
        self._told = {one.name: one for one in told.limits}
        self._file, self._here = told.file, here
        self.table.show_rows(
            [(one.name, _cells(one), True) for one in told.limits],
            tr("The server tells of no limits."),
        )

    def _explain(self) -> None:
        limit = self._told.get(self.table.current or "")
        if limit is None:
            text = tr("These hold since the start of the server. Choose one to see how it can be "
                      "changed.") if self._told else ""  # fmt: skip
        elif limit.origin is LimitOrigin.ARGUMENT:
            text = tr("An argument set it when the server was started. Start it again with another "
                      "value of {name}.")  # fmt: skip
        elif limit.origin is LimitOrigin.ENVIRONMENT:
            text = tr("The variable {variable} of the server's environment sets it. Change it "
                      "there, and start the server again.")  # fmt: skip
        elif self._here and limit.name in _OWN:
            text = tr("To change it, open the preferences, This computer's server.")
        else:
            text = tr("To change it, set {name} in {file} on the server's machine, or {variable} "
                      "in its environment, and start the server again.")  # fmt: skip
        if limit is not None:
            text = text.format(name=limit.name, variable=limit.variable, file=self._file)
        self._how.setText(text)


def _cells(limit: Limit) -> tuple[str, str, str]:
    title = tr(TITLES[limit.name]) if limit.name in TITLES else limit.about or limit.name
    origin = {
        LimitOrigin.ARGUMENT: tr("an argument"),
        LimitOrigin.ENVIRONMENT: tr("the environment"),
        LimitOrigin.FILE: tr("its file"),
        LimitOrigin.DEFAULT: tr("as it comes"),
    }[limit.origin]
    return title, amount(limit.name, limit.value), origin


def amount(name: str, value: float | None) -> str:
    """How much that is, in the unit that the end of the name says."""
    unit = name.rpartition("_")[2]
    if value is None:
        return tr("for ever") if unit == "days" else tr("no limit")
    if name == "max_upload_bytes" and not value:
        return tr("no uploads")
    match unit:
        case "bytes":
            return words.size(int(value))
        case "s":
            return words.took(value)
        case "days":
            text = tr("%n day(s)", "", 1) if value == 1 else tr("{number} days")
        case "hours":
            text = tr("%n hour(s)", "", 1) if value == 1 else tr("{number} hours")
        case _:
            text = "{number}"
    return text.format(number=figures(f"{value:,.6g}" if value % 1 else f"{value:,.0f}"))
